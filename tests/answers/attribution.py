"""Attribution from the output topics in plain Python: credits are computed anew from the touches of each order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from tests.answers.zone import shop_day

Topics = Mapping[str, list[dict[str, Any]]]
MILLIONTH = Decimal("0.000001")
WEEK = 7 * 24 * 3600
MODELS = ("first", "last", "last_non_direct", "linear", "time_decay", "position")


def exact(number: Any) -> Decimal:
    """A number of JSON as it is written."""
    return Decimal(str(number))


def moment(text: str) -> datetime:
    """A time of a record."""
    return datetime.fromisoformat(text)


def fractions(order: Mapping[str, Any], model: str) -> list[Decimal]:
    """What each touch of an order is worth under a model; what they come to together is not yet 1."""
    touches = order["touches"] or [{"channel": "direct", "at": order["at"]}]
    n = len(touches)
    if model == "first":
        return [Decimal(i == 0) for i in range(n)]
    if model == "last":
        return [Decimal(i == n - 1) for i in range(n)]
    if model == "last_non_direct":
        others = [i for i in range(n) if touches[i]["channel"] != "direct"]
        return [Decimal(i == (others[-1] if others else n - 1)) for i in range(n)]
    if model == "position" and n > 2:
        return [Decimal("0.4") if i in (0, n - 1) else Decimal("0.2") / (n - 2) for i in range(n)]
    if model == "time_decay":
        ages = [(moment(order["at"]) - moment(touch["at"])).total_seconds() for touch in touches]
        return [Decimal(2) ** (-Decimal(repr(age)) / WEEK) for age in ages]
    return [Decimal(1)] * n


def parts(amount: Decimal, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The amount in millionths divided by weights: rounded down, what is left to the largest remainders, then names."""
    if amount < 0:
        return {name: -part for name, part in parts(-amount, weights).items()}
    whole = sum(weights.values())
    exactly = {name: amount * weight / whole for name, weight in weights.items() if weight}
    found = {name: part.quantize(MILLIONTH, ROUND_FLOOR) for name, part in exactly.items()}
    left = int((amount - sum(found.values())) / MILLIONTH)
    # Remainders that differ by less than anybody can compute are equal.
    last = sorted(found, key=lambda name: (-(exactly[name] - found[name]).quantize(Decimal("1e-12")), name))
    for name in last[:left]:
        found[name] += MILLIONTH
    return found


Credit = tuple[str, str, str, Decimal, Decimal]
"""Day, model, channel or campaign, share of an order, money."""


def credits_of(rows: list[dict[str, Any]], by: str) -> Iterable[tuple[dict[str, Any], str, str, Decimal, Decimal]]:
    """What each row of one order credits: (row, model, name, part of an order, money).

    `by` is `channel`, or `campaign` (empty where a touch has none).
    """
    order = next((row for row in rows if row["kind"] in ("order", "renewal")), None)
    if order is None:
        return
    for model in MODELS:
        weights: dict[str, Decimal] = defaultdict(Decimal)
        touches = order["touches"] or [{"channel": "direct", "campaign": None}]
        for touch, weight in zip(touches, fractions(order, model), strict=True):
            weights[touch[by] or ""] += weight
        come_to = Decimal(0)
        for row in rows:
            before, after = parts(come_to, weights), parts(come_to + exact(row["value"]), weights)
            come_to += exact(row["value"])
            for name, share in parts(Decimal(1), weights).items():
                yield (
                    row,
                    model,
                    name,
                    share * row["orders"],
                    after.get(name, Decimal(0)) - before.get(name, Decimal(0)),
                )


def orders_of(topics: Topics) -> dict[str, list[dict[str, Any]]]:
    """The rows of each order that count, in the order in which they came; a refund is the order's, whoever tells it."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in topics["conversions"]:
        if row["counts"]:
            found[row["order_id"]].append(row)
    return found


def day_of(row: Mapping[str, Any]) -> str:
    """The day that a row counts on."""
    return shop_day(row["at"]).isoformat()


def attribution_daily(topics: Topics, by: str = "channel") -> dict[tuple[str, str, str, str], tuple[Decimal, Decimal]]:
    """(orders, money) by day, model, channel or campaign, and currency; none that comes to nothing in both."""
    found: dict[tuple[str, str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for rows in orders_of(topics).values():
        for row, model, name, share, money in credits_of(rows, by):
            sums = found[day_of(row), model, name, row["currency"] or ""]
            sums[0] += share
            sums[1] += money
    return {key: (orders, money) for key, (orders, money) in found.items() if orders or money}


def spending(topics: Topics) -> dict[tuple[str, str, str], Decimal]:
    """Cost by day, campaign and currency."""
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for event in topics["stitched.events"]:
        if event["name"] == "Ad Spend Recorded" and event["type"] == "track":
            told = event["properties"]
            day = shop_day(event["event_time"]).isoformat()
            found[day, told.get("campaign_id") or "", (told.get("currency") or "").upper()] += exact(told["cost"])
    return found


def owners(topics: Topics) -> Callable[[str], str]:
    """Whose a profile's events are today, by its merges."""
    into = {
        row["merged_profile_id"]: row["into_profile_id"]
        for row in topics["identity.merges"]
        if not row.get("refused") and row["reason"] not in ("split", "split_history", "erased")
    }

    def of(profile: str) -> str:
        while profile in into:
            profile = into[profile]
        return profile

    return of


def touches(topics: Topics) -> dict[tuple[str, str, str], tuple[str, str | None, str | None]]:
    """(channel, source, campaign) of each touch by customer, time and id, as the last event has told it."""
    of, found = owners(topics), {}
    for event in sorted(topics["stitched.events"], key=lambda event: (event.get("touch") or {}).get("change", 0)):
        if touch := event.get("touch"):
            found[of(event["profile_id"]), touch["at"], touch["id"]] = (
                touch["channel"], touch["source"], touch["campaign"],
            )  # fmt: skip
    return found


def journeys(topics: Topics, lookback_days: int) -> dict[tuple[str, ...], list[int]]:
    """[orders, customers without one] by the channels met: orders over their own touches, others up to the last one."""
    found: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    of, bought = owners(topics), set()
    for rows in orders_of(topics).values():
        order = next((row for row in rows if row["kind"] in ("order", "renewal")), None)
        if order is not None and sum(row["orders"] for row in rows) > 0:
            found[tuple(touch["channel"] for touch in order["touches"]) or ("direct",)][0] += 1
            bought.add(of(order["profile_id"]))
    met: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (customer, at, _), (channel, _, _) in touches(topics).items():
        met[customer].append((moment(at).timestamp(), channel))
    for customer, known in met.items():
        if customer not in bought:
            known.sort()
            oldest = known[-1][0] - lookback_days * 86_400
            found[tuple(channel for at, channel in known if at >= oldest)][1] += 1
    return {channels: counts for channels, counts in found.items() if any(counts)}
