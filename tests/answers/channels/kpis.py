"""Channels: what they did, by day or over days (v_channel_daily, v_channel_kpis, v_reach_engagement)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from tests.answers.channels.history import CLICKS, OPENS, Event, History, money, rate
from tests.answers.channels.messages import fates

Row = dict[str, Any]
Key = tuple[Any, ...]
SHOPPING = {
    "Products Searched", "Product List Viewed", "Product List Filtered", "Product Viewed", "Product Clicked",
    "Product Added", "Product Removed", "Product Added to Wishlist", "Cart Viewed", "Checkout Started",
    "Checkout Step Viewed", "Checkout Step Completed", "Payment Info Entered", "Coupon Entered", "Coupon Applied",
    "Coupon Denied", "Coupon Removed",
}  # fmt: skip
ENGAGING = SHOPPING | OPENS | CLICKS | {
    "Post Liked", "Post Shared", "Post Commented", "Hashtag Used", "Store Visited", "Order Completed",
}  # fmt: skip
COUNTED = {
    "Post Viewed": "views", "Post Liked": "likes", "Post Shared": "shares", "Post Commented": "comments",
    "Ad Impression": "impressions",
}  # fmt: skip


def channels(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_channel_daily, or those of v_channel_kpis over the days `within`."""

    def key(day: date, channel: str) -> Key:
        return (day, channel) if daily else (channel,)

    counts: dict[Key, Counter[str]] = defaultdict(Counter)
    reach: dict[Key, set[str]] = defaultdict(set)
    buyers: dict[Key, set[str]] = defaultdict(set)
    coins: dict[Key, dict[str, dict[str, Decimal]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(Decimal)))
    standing: Counter[tuple[date, str, str]] = Counter()
    for row in history.changes():
        standing[history.day(row["at"]), row["channel"], history.today(row["profile_id"])] += row["orders"]
    for event in history.events:
        if not within(event.day):
            continue
        channel = str(event.record["channel"])
        at = key(event.day, channel)
        _count(counts[at], event)
        if event.named:
            reach[at].add(event.who)
        if event.name == "Ad Spend Recorded" and event.properties.get("cost"):
            coin = str(event.properties.get("currency") or "").strip().upper()
            coins[at][coin]["cost"] += money(event.properties["cost"])
    for (day, channel, who), orders in standing.items():
        if within(day) and orders > 0:
            buyers[key(day, channel)].add(who)
    for fate in fates(history):
        if within(fate.day):
            of = counts[key(fate.day, fate.channel)]
            of.update(sends=fate.ours, delivered=fate.delivered, opens=fate.opened, clicks=fate.clicked)
    for row in history.changes():
        day = history.day(row["at"])
        if within(day):
            told = coins[key(day, row["channel"])][row.get("currency") or ""]
            told["conversions"] += row["orders"]
            told["revenue"] += money(row["value"]) + money(row.get("refunds"))
            told["refunds"] += money(row.get("refunds"))
            shares, earned = (row.get(name, {}).get("last_non_direct", {}) for name in ("credits", "credited"))
            for channel in {*shares, *earned}:
                credit = coins[key(day, channel)][row.get("currency") or ""]
                credit["attributed_conversions"] += row["orders"] * money(shares.get(channel))
                credit["attributed_revenue"] += money(earned.get(channel))
    rows = []
    for at in {*counts, *coins}:
        paid = {coin: sums for coin, sums in coins[at].items() if any(sums.values())} or {"": defaultdict(Decimal)}
        rows += [
            _row(at, counts[at], len(reach[at]), len(buyers[at] & reach[at]), coin, sums) for coin, sums in paid.items()
        ]
    return rows


def _count(of: Counter[str], event: Event) -> None:
    name = event.name
    of["events"] += 1
    of[COUNTED.get(name, "")] += 1
    of["shown"] += name == "Ad Impression" and not event.message
    of["clicks"] += name == "Ad Clicked" and not event.message and not event.by_machine
    of["machine_opens"] += name in OPENS and event.by_machine
    of["machine_clicks"] += name in CLICKS - {"Ad Clicked"} and event.by_machine


def _row(at: Key, of: Counter[str], reach: int, buyers: int, coin: str, sums: dict[str, Decimal]) -> Row:
    seen = of["delivered"] + of["shown"]
    credited, cost, earned = sums["attributed_conversions"], sums["cost"], sums["attributed_revenue"]
    names = ("events", "sends", "delivered", "opens", "clicks", "views", "likes", "shares", "comments", "impressions",
             "machine_opens", "machine_clicks")  # fmt: skip
    return {
        **dict(zip(("day", "channel")[-len(at) :], at, strict=True)),
        **{name: of[name] for name in names},
        "reach": reach, "buyers": buyers, "currency": coin,
        "open_rate": rate(of["opens"], of["delivered"]),
        "ctr": rate(of["clicks"], seen) if of["clicks"] <= seen else None,
        "conversions": int(sums["conversions"]), "conversion_rate": rate(buyers, reach), "cost": cost,
        "cpa": rate(float(cost), float(credited)), "revenue": sums["revenue"],
        "roas": rate(float(earned), float(cost)), "refunds": sums["refunds"],
        "net_revenue": sums["revenue"] - sums["refunds"], "attributed_conversions": float(credited),
        "attributed_revenue": earned,
    }  # fmt: skip


def engagement(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_reach_engagement_daily, or those of v_reach_engagement over the days `within`."""
    reach: dict[Key, set[str]] = defaultdict(set)
    engaged: dict[Key, list[str]] = defaultdict(list)
    shown: Counter[Key] = Counter()
    for event in history.events:
        if within(event.day):
            at: Key = (event.day, event.record["channel"]) if daily else (event.record["channel"],)
            reach[at] |= {event.who} if event.named else set()
            shown[at] += event.name in ("Ad Impression", "Post Viewed")
            if event.named and event.name in ENGAGING and not event.by_machine:
                engaged[at].append(event.who)
    return [
        {
            **dict(zip(("day", "channel")[-len(at) :], at, strict=True)),
            "reach": len(people), "engaged": len(set(engaged[at])),
            "engagement_rate": rate(len(set(engaged[at])), len(people)), "impressions": shown[at],
            "engagements": len(engaged[at]), "engagements_per_customer": rate(len(engaged[at]), len(people)),
        }
        for at, people in reach.items()
    ]  # fmt: skip
