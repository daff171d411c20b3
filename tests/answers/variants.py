"""Variants of a step compared with the first of them (v_variants), from the output topics in plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from scipy import stats

from tests.answers.uplift import Topics, compared, orders, time, today

Row = dict[str, Any]


def drawn(topics: Topics) -> list[Row]:
    """A row a campaign, step and customer: variant and arm of the first decision, and whether these are mixed."""
    current, mine = today(topics), defaultdict(list)
    for row in topics.get("retargeting.decisions", []):
        gone = row["reason"] == "exited" and row["control_share"] is None
        if row["variant"] and not (row["outcome"] == "cancelled" and (row["message_id"] or gone)):
            who = current.get(row["profile_id"], row["profile_id"])
            mine[row["campaign_id"], row["step"], who].append(row)
    found = []
    for (campaign, step, customer), rows in mine.items():
        rows.sort(key=lambda row: (time(row["decided_at"]), row["decision_id"]))
        firsts: dict[str, tuple[str, str]] = {}
        lots: dict[tuple[str, Any], set[str]] = defaultdict(set)
        for row in rows:
            firsts.setdefault(row["profile_id"], (row["arm"], row["variant"]))
            lots[row["profile_id"], row["control_share"]].add(row["arm"])
        mixed = len(set(firsts.values())) > 1 or any(len(lot) > 1 for lot in lots.values())
        found.append({
            "campaign": campaign, "step": step, "customer": customer, "arm": rows[0]["arm"],
            "variant": rows[0]["variant"], "first_at": time(rows[0]["decided_at"]),
            "mixed": mixed or any(row["reason"] == "contaminated" for row in rows),
        })  # fmt: skip
    return found


def variants(topics: Topics, within: Callable[[datetime], bool] = lambda _: True, days: int = 7) -> list[Row]:
    """The rows of v_variants, but for margin; `within` says of a first decision whether it counts."""
    bought = defaultdict(list)
    for order in orders(topics):
        bought[order["customer"]].append(order)
    people: dict[tuple[str, str], list[tuple[str, int, dict[str, Decimal]]]] = defaultdict(list)
    for row in drawn(topics):
        if row["mixed"] or row["arm"] != "treatment" or not within(row["first_at"]):
            continue
        count, revenue, known = 0, defaultdict(Decimal), dict[str, bool]()
        for order in bought[row["customer"]]:
            since = order["at"] - row["first_at"]
            for changed_at, currency, number, value in order["changes"]:
                if timedelta(0) < since <= timedelta(days=days):
                    count += number
                    revenue[currency] += value
                elif timedelta(days=-90) <= since <= timedelta(0) and changed_at <= row["first_at"]:
                    known[currency] = True
        spent = {currency: revenue[currency] for currency in {*revenue, *known}}
        people[row["campaign"], row["step"]].append((row["variant"], count, spent))
    made: list[Row] = []
    for (campaign, step), told in people.items():
        coins = {coin for _, _, spent in told for coin in spent}
        for metric, coin in (("conversion", ""), *(("revenue", coin) for coin in coins)):
            values: dict[str, list[float]] = defaultdict(list)
            for variant, count, spent in told:
                values[variant].append(float(count > 0) if metric == "conversion" else float(spent.get(coin, 0)))
            base = min(values)
            for variant, numbers in values.items():
                row = {"campaign_id": campaign, "step": step, "variant": variant, "metric": metric, "currency": coin}
                row |= {"customers": len(numbers), "mean": fmean(numbers), "baseline": base}
                made.append(row | interval(numbers) | difference(numbers, values[base], itself=variant == base))
    return made


def interval(numbers: list[float]) -> Row:
    """The 95 % interval of a mean, by Student's t."""
    if len(numbers) < 2 or not (spread := stdev(numbers) / sqrt(len(numbers))):
        return {"mean_low": None, "mean_high": None}
    reach = stats.t.ppf(0.975, len(numbers) - 1) * spread
    return {"mean_low": fmean(numbers) - reach, "mean_high": fmean(numbers) + reach}


def difference(numbers: list[float], base: list[float], *, itself: bool) -> Row:
    """What compares a variant with the baseline."""
    names = ("difference", "low", "high", "p_value", "always_low", "always_high", "chance_to_beat")
    found = {} if itself else compared(numbers, base)
    return {name: found.get(name) for name in names} | {"freedom": found.get("freedom", len(numbers) - 1)}
