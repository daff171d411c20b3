"""One queue of messages for each profile: they are sent one after another, in the order in which they were decided."""

from __future__ import annotations

from collections.abc import Callable


class Place:
    """The place of one message, on its channel, in the queue of its profile.

    `wake` is called when the message may have come to the front. A `deal` is a message of a transactional campaign.
    """

    __slots__ = ("asleep", "channel", "deal", "parked", "profile", "wake")

    def __init__(self, profile: str, channel: str, wake: Callable[[], None], *, deal: bool) -> None:
        self.profile, self.channel, self.wake, self.deal = profile, channel, wake, deal
        self.parked = self.asleep = False


class ProfileQueues:
    """The queues of all profiles that have an unfinished message.

    A message that waits for its channel, its mailbox, its domain's cap or the morning is parked, and with it those
    behind it on its channel: messages on other channels overtake them, and what is part of a deal those that sleep.
    """

    def __init__(self) -> None:
        self._queues: dict[str, list[Place]] = {}

    def enter(
        self, profile: str, channel: str, wake: Callable[[], None] = lambda: None, *, deal: bool = False
    ) -> Place:
        """A new place at the end of a profile's queue, for a message on a channel; `wake` and `deal` as in `Place`."""
        place = Place(profile, channel, wake, deal=deal)
        self._queues.setdefault(profile, []).append(place)
        return place

    def free(self, place: Place) -> bool:
        """Whether the message in this place may be sent: all places before it stand still, and it may pass them."""
        # The channels on which what is before it stands still, and whether only the morning is waited for there.
        still: dict[str, bool] = {}
        for before in self._queues[place.profile]:
            if before is place:
                return True
            asleep = before.asleep if before.parked else still.get(before.channel)
            if asleep is None or (asleep and before.deal):
                return False
            asleep = still[before.channel] = asleep and still.get(before.channel, True)
            if before.channel == place.channel and not (asleep and place.deal):
                return False
        raise AssertionError("a place that is not in its queue")

    def park(self, place: Place, *, parked: bool, asleep: bool = False) -> None:
        """Mark a place as waiting for more than its turn (`parked`), for the morning (`asleep`), or as ready again."""
        place.parked, place.asleep = parked, asleep
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
