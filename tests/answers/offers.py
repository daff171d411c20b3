"""Codes that were given away, and what became of them (v_offers)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.answers.people import Row, Topics, moment, money, whose
from tests.answers.zone import shop_day


def named_by(event: dict[str, Any]) -> Iterator[str]:
    """The codes that an order or a cart names, in capitals."""
    told = event["properties"]
    places = [told.get(name) for name in ("coupon", "coupon_id", "coupon_name", "code")]
    places += told.get("coupons") or [] if isinstance(told.get("coupons"), list) else []
    places += [one.get("coupon") for one in told.get("products") or [] if isinstance(one, dict)]
    yield from {place.strip().upper() for place in places if isinstance(place, str) and place.strip()}


def offers(topics: Topics) -> list[Row]:
    """Rows of v_offers."""
    today = whose(topics)
    orders: dict[str, dict[str, list[Decimal]]] = defaultdict(lambda: defaultdict(lambda: [Decimal(0), Decimal(0)]))
    placed: dict[tuple[str, str], str] = {}
    for row in topics.get("conversions", ()):
        if row.get("counts", True):
            sums = orders[row["order_id"]][row["currency"] or ""]
            sums[0] += row.get("orders", 1)
            sums[1] += money(row["value"])
            if row.get("kind", "order") in ("order", "renewal"):
                placed.setdefault((row["profile_id"], row["message_id"]), row["order_id"])
    uses: dict[str, dict[tuple[bool, str], tuple[Any, ...]]] = defaultdict(dict)
    for event in topics.get("stitched.events", ()):
        order = placed.get((event["profile_id"], event["message_id"]))
        ordered = event["name"] == "Order Completed"
        if event["type"] != "track" or not (event["name"] == "Coupon Applied" or (ordered and order)):
            continue
        about = (order if ordered else event["properties"].get("order_id")) or ""
        use = (not ordered, moment(event["event_time"]), about, event["profile_id"])
        for code in named_by(event):
            uses[code][ordered, about] = min(use, uses[code].get((ordered, about), use))
    given: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in topics.get("retargeting.messages", ()):
        if message["offer"] and message["offer"].get("code"):
            given[message["offer"]["code"].upper()].append(message)
    made: list[Row] = []
    for code, messages in given.items():
        messages.sort(key=lambda one: (moment(one["decided_at"]), one["message_id"]))
        first, last = messages[0], messages[-1]
        use = min(uses[code].values(), default=None)
        coins: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for ordered, order in uses[code]:
            for coin, sums in orders[order].items() if ordered else ():
                coins[coin] = [one + more for one, more in zip(coins[coin], sums, strict=True)]
        for coin, (count, revenue) in (coins or {"": [Decimal(0), Decimal(0)]}).items():
            made.append({
                "day": shop_day(first["decided_at"]), "code": code, "campaign_id": first["campaign_id"],
                "profile_id": today(last["profile_id"]), "times_sent": len({one["message_id"] for one in messages}),
                "first_sent_at": moment(first["decided_at"]).replace(tzinfo=None),
                "last_sent_at": moment(last["decided_at"]).replace(tzinfo=None),
                "redeemed": use is not None, "redeemed_at": use[1].replace(tzinfo=None) if use else None,
                "order_id": use[2] if use else "", "redeemed_by": today(use[3]) if use else "",
                "orders": int(count), "revenue": revenue, "currency": coin,
            })  # fmt: skip
    return made
