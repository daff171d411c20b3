"""Whose a profile's rows are today, and orders as customers placed them, from the values of the output topics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.answers.zone import shop_day

Topics = Mapping[str, Sequence[dict[str, Any]]]
"""JSON values by topic."""
Row = dict[str, Any]


def moment(text: str) -> datetime:
    """A time as it stands on a topic."""
    return datetime.fromisoformat(text)


def day(text: str) -> date:
    """Its day where the shop is."""
    return shop_day(text)


def money(value: Any) -> Decimal:
    """An amount as it stands on a topic, exact; nothing is 0."""
    return Decimal(str(value or 0))


def whose(topics: Topics) -> Callable[[str], str]:
    """A function from a profile to the profile it is part of today, by merges alone."""
    into: dict[str, tuple[int, str]] = {}
    for row in topics.get("identity.merges", ()):
        if not row.get("refused") and row["reason"] not in ("split", "split_history", "erased"):
            into[row["merged_profile_id"]] = max(
                (row["version"], row["into_profile_id"]), into.get(row["merged_profile_id"], (-1, ""))
            )

    def today(profile: str) -> str:
        while profile in into:
            profile = into[profile][1]
        return profile

    return today


@dataclass
class Order:
    """An order: who placed it, when and where, whether it stands, and its rows in the order of the topic."""

    order_id: str
    customer: str = ""
    kind: str = ""
    at: str = ""
    channel: str = ""
    touches: list[str] = field(default_factory=list)
    touch_count: int = 0
    stands: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)


def orders(topics: Topics) -> list[Order]:
    """All orders that count, by id. Rows that another profile's order makes void (`counts` false) are none."""
    today, found = whose(topics), dict[str, Order]()
    for row in topics.get("conversions", ()):
        if row.get("counts", True):
            found.setdefault(row["order_id"], Order(row["order_id"])).rows.append(row)
    for order in found.values():
        placed = [row for row in order.rows if row.get("kind", "order") in ("order", "renewal")]
        last = max(placed or order.rows, key=lambda row: (moment(row["at"]), moment(row.get("changed_at", row["at"]))))
        order.customer = today(last["profile_id"])
        order.kind = last.get("kind", "order") if placed else ""
        order.at, order.channel = last["at"], last["channel"]
        order.touches = [touch["channel"] for touch in last["touches"]]
        order.touch_count = last.get("touch_count", 0)
        order.stands = sum(row.get("orders", 1) for row in order.rows) > 0
    return [found[one] for one in sorted(found)]


def numbered(found: Sequence[Order]) -> dict[str, int]:
    """Of each order that stands, which one of its customer's it is: 1 for the first."""
    by_customer: dict[str, list[Order]] = defaultdict(list)
    for order in found:
        if order.stands:
            by_customer[order.customer].append(order)
    return {
        order.order_id: number
        for mine in by_customer.values()
        for number, order in enumerate(sorted(mine, key=lambda one: (moment(one.at), one.order_id)), 1)
    }


def newest(topics: Topics) -> date:
    """The day of the newest event or order."""
    times = [row["event_time"] for row in topics.get("stitched.events", ())]
    return max(day(text) for text in [*times, *(row["at"] for row in topics.get("conversions", ()))])


def within(text: str, first: date, last: date) -> bool:
    """Whether a time is on one of these days."""
    return first <= day(text) <= last
