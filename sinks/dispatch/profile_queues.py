"""One queue of messages for each profile: they are sent one after another, in the order in which they were decided."""

from __future__ import annotations

from collections.abc import Callable


class Place:
    """The place of one message, on its channel, in the queue of its profile.

    `wake` is called when the message may have come to the front.
    """

    __slots__ = ("channel", "parked", "profile", "wake")

    def __init__(self, profile: str, channel: str, wake: Callable[[], None]) -> None:
        self.profile, self.channel, self.wake = profile, channel, wake
        self.parked = False


class ProfileQueues:
    """The queues of all profiles that have an unfinished message.

    A message that waits for its channel, its mailbox or its domain's cap is parked: messages on other channels overtake
    it.
    """

    def __init__(self) -> None:
        self._queues: dict[str, list[Place]] = {}

    def enter(self, profile: str, channel: str, wake: Callable[[], None] = lambda: None) -> Place:
        """A new place at the end of a profile's queue, for a message on a channel; `wake` as in `Place`."""
        place = Place(profile, channel, wake)
        self._queues.setdefault(profile, []).append(place)
        return place

    def free(self, place: Place) -> bool:
        """Whether the message in this place may be sent: all places before it are parked, on other channels."""
        for before in self._queues[place.profile]:
            if before is place:
                return True
            if not before.parked or before.channel == place.channel:
                return False
        raise AssertionError("a place that is not in its queue")

    def park(self, place: Place, *, parked: bool) -> None:
        """Mark a place as waiting for more than its turn (`parked`), or as ready again."""
        place.parked = parked
        if parked:
            self._wake(place.profile)

    def leave(self, place: Place) -> None:
        """Remove the place of a finished message."""
        queue = self._queues[place.profile]
        queue.remove(place)
        if queue:
            self._wake(place.profile)
        else:
            del self._queues[place.profile]

    def _wake(self, profile: str) -> None:
        for place in self._queues[profile]:
            place.wake()
