"""Which segments a customer is in, as a part of the state of a profile."""

from __future__ import annotations

from msgspec import Struct, field


class Segments(Struct, omit_defaults=True, gc=False):
    """Which segments the customer is in, by id since when, and what was counted because a segment asks for it.

    `at` is when that was asked last, `changes` how many changes there have been at that moment, `due` when time alone
    may change it, -1 for never. `seen_on` are the latest times by channel, `abandoned` the times of carts that were
    left; `viewed` are times, `bought` are orders with their times, both by product or category. `told` are the records
    that put the customer into audiences of advertising, by key what was said of the addresses.
    """

    members: dict[str, int] = field(default_factory=dict)
    at: int = -1
    changes: int = 0
    due: int = -1
    seen_on: dict[str, int] = field(default_factory=dict)
    abandoned: list[int] = field(default_factory=list)
    viewed: dict[str, list[int]] = field(default_factory=dict)
    bought: dict[str, dict[str, int]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
