"""Whose turn it is: messages of one profile go out one after another, in the order in which they were decided."""

from __future__ import annotations

from collections.abc import Callable


class Place:
    """The place of one message, for its channel, in its profile's lane.

    `wake` is called when its turn may have come.
    """

    __slots__ = ("channel", "parked", "profile", "wake")

    def __init__(self, profile: str, channel: str, wake: Callable[[], None]) -> None:
        self.profile, self.channel, self.wake = profile, channel, wake
        self.parked = False


class Lanes:
    """The lanes of all profiles that have a message on its way.

    A message that waits because its channel is down is parked, and does not hold up those on other channels.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, list[Place]] = {}

    def enter(self, profile: str, channel: str, wake: Callable[[], None] = lambda: None) -> Place:
        """The next place in a profile's lane for a message on a channel; `wake` as in `Place`."""
        place = Place(profile, channel, wake)
        self._lanes.setdefault(profile, []).append(place)
        return place

    def free(self, place: Place) -> bool:
        """Whether it is this place's turn: all before it are parked, on other channels."""
        for before in self._lanes[place.profile]:
            if before is place:
                return True
            if not before.parked or before.channel == place.channel:
                return False
        raise AssertionError("a place that has left")

    def park(self, place: Place, *, parked: bool) -> None:
        """Say that it waits for its channel, or does not any more."""
        place.parked = parked
        if parked:
            self._wake(place.profile)

    def leave(self, place: Place) -> None:
        """Its message is done with."""
        lane = self._lanes[place.profile]
        lane.remove(place)
        if lane:
            self._wake(place.profile)
        else:
            del self._lanes[place.profile]

    def _wake(self, profile: str) -> None:
        for place in self._lanes[profile]:
            place.wake()
