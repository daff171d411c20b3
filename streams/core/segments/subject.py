"""What a condition is asked about: one customer at one moment, and what time alone may make of the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from streams.core.profile.membership import Segments
from streams.core.profile.state import Order, Profile
from streams.core.protocol.ports import MAX_TIME

NEVER: Final = MAX_TIME
"""Time alone changes nothing."""
Standing = Callable[[Profile], dict[str, Order]]
"""The orders of a profile that stand, and count in it, by what they are known by."""


Answer = tuple[bool, int]
"""Whether a condition holds, and the next moment (epoch milliseconds) at which time alone may change that."""


class Subject:
    """A customer at the moment `now` (epoch milliseconds). What several conditions ask for is looked up once."""

    __slots__ = ("_orders", "_standing", "now", "profile", "state")

    def __init__(self, profile: Profile, state: Segments, now: int, standing: Standing) -> None:
        self.profile = profile
        self.state = state
        self.now = now
        self._standing = standing
        self._orders: dict[str, Order] | None = None

    @property
    def orders(self) -> dict[str, Order]:
        """The orders that stand, by what they are known by."""
        orders = self._orders
        if orders is None:
            orders = self._orders = self._standing(self.profile)
        return orders

    def within(self, times: Iterable[int], within: int | None) -> tuple[int, int]:
        """How many of `times` are in (now - within, now], all without `within`; and when the first of them has passed.

        `within` in milliseconds.
        """
        if within is None:
            return sum(1 for _ in times), NEVER
        since = self.now - within
        left = [time for time in times if time > since]
        return len(left), min(left) + within if left else NEVER


Check = Callable[[Subject], Answer]
