"""What each campaign caused, told from the output topics in plain Python: who was drawn where, and what they bought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import erfc, exp, log, sqrt
from statistics import fmean, variance
from typing import Any

from scipy import stats

Topics = dict[str, list[dict[str, Any]]]


def time(text: str) -> datetime:
    """A time of a record."""
    return datetime.fromisoformat(text).astimezone(UTC)


def today(topics: Topics) -> dict[str, str]:
    """Where each merged profile has gone in the end; profiles that never merged are not named."""
    into = {}
    for row in sorted(topics.get("identity.merges", []), key=lambda row: row["version"]):
        if not row.get("refused") and row["reason"] not in ("split", "split_history", "erased"):
            into[row["merged_profile_id"]] = row["into_profile_id"]
    found = {}
    for profile, target in into.items():
        while target in into:
            target = into[target]  # noqa: PLW2901 - walked to its end
        found[profile] = target
    return found


def assigned(topics: Topics) -> list[dict[str, Any]]:
    """A row a campaign and customer: arm, share, first_at, contaminated."""
    current, mine = today(topics), defaultdict(list)
    for row in topics.get("retargeting.decisions", []):
        gone = row["reason"] == "exited" and row["control_share"] is None
        if row["outcome"] == "cancelled" and (row["message_id"] or gone):
            continue
        mine[row["campaign_id"], current.get(row["profile_id"], row["profile_id"])].append(row)
    found = []
    for (campaign, customer), decisions in mine.items():
        decisions.sort(key=lambda row: (time(row["decided_at"]), row["decision_id"]))
        first, arms = decisions[0], {}
        for row in decisions:
            arms.setdefault(row["profile_id"], row["arm"])
        drawn = defaultdict(set)
        for row in decisions:
            drawn[row["profile_id"], row["control_share"]].add(row["arm"])
        found.append({
            "campaign": campaign, "customer": customer, "arm": first["arm"], "share": first["control_share"],
            "first_at": time(first["decided_at"]),
            "contaminated": len(set(arms.values())) > 1 or any(len(one) > 1 for one in drawn.values())
            or any(row["reason"] == "contaminated" for row in decisions),
        })  # fmt: skip
    return found


def orders(topics: Topics) -> list[dict[str, Any]]:
    """A row an order that counts anywhere: customer, at, and its changes as (changed_at, currency, orders, value)."""
    current, rows = today(topics), defaultdict(list)
    for row in topics.get("conversions", []):
        rows[row["order_id"]].append(row)
    found = []
    for changes in rows.values():
        told = [row for row in changes if row["kind"] != "refund" and row["counts"]]
        if not told:
            continue
        balance: dict[str, int] = defaultdict(int)
        for row in told:
            balance[current.get(row["profile_id"], row["profile_id"])] += row["orders"]
        # The first of equals: a dictionary keeps its order.
        owner = max(balance, key=lambda customer: balance[customer])
        found.append({
            "customer": owner, "at": min(time(row["at"]) for row in told),
            "changes": [
                (time(row["changed_at"]), row["currency"] or "", row["orders"], Decimal(str(row["value"])))
                for row in changes
                if row["counts"]
                and (row["kind"] == "refund" or current.get(row["profile_id"], row["profile_id"]) == owner)
            ],
        })  # fmt: skip
    return found


def outcomes(topics: Topics, days: int = 7) -> list[dict[str, Any]]:
    """The rows of `assigned` with `converted`, and revenue and revenue of before by currency."""
    by_customer = defaultdict(list)
    for order in orders(topics):
        by_customer[order["customer"]].append(order)
    found = []
    for row in assigned(topics):
        count, revenue, before = 0, defaultdict(Decimal), defaultdict(Decimal)
        for order in by_customer[row["customer"]]:
            since = order["at"] - row["first_at"]
            for changed_at, currency, number, value in order["changes"]:
                if timedelta(0) < since <= timedelta(days=days):
                    count += number
                    revenue[currency] += value
                elif timedelta(days=-90) <= since <= timedelta(0) and changed_at <= row["first_at"]:
                    before[currency] += value
        found.append({**row, "converted": count > 0, "revenue": revenue, "before": before})
    return found


def uplift(
    topics: Topics, days: int = 7, within: Callable[[datetime], bool] = lambda _: True
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The rows of v_uplift by campaign, metric and currency, of campaigns whose share of control never changed.

    `within` says of the time of a first decision whether it counts.
    """
    campaigns = defaultdict(list)
    for row in outcomes(topics, days):
        if within(row["first_at"]):
            campaigns[row["campaign"]].append(row)
    found = {}
    for campaign, everyone in campaigns.items():
        people = [row for row in everyone if not row["contaminated"]]
        currencies = {currency for row in people for currency in (*row["revenue"], *row["before"])}
        values = {("conversion", ""): [float(row["converted"]) for row in people]}
        for currency in currencies:
            values["revenue", currency] = [float(row["revenue"][currency]) for row in people]
        for (metric, currency), numbers in values.items():
            treated = [y for y, row in zip(numbers, people, strict=True) if row["arm"] == "treatment"]
            control = [y for y, row in zip(numbers, people, strict=True) if row["arm"] == "control"]
            found[campaign, metric, currency] = {
                "contaminated": len(everyone) - len(people), **compared(treated, control), **ratio(people),
            }  # fmt: skip
    return found


def compared(treated: list[float], control: list[float]) -> dict[str, Any]:
    """Both arms, and what compares them where there are two of each and anything varies."""
    found: dict[str, Any] = {
        "treatment_customers": len(treated), "control_customers": len(control),
        "treatment_mean": fmean(treated) if treated else None, "control_mean": fmean(control) if control else None,
    }  # fmt: skip
    if min(len(treated), len(control)) < 2:
        return found
    t, c = variance(treated) / len(treated), variance(control) / len(control)
    difference = found["difference"] = found["treatment_mean"] - found["control_mean"]
    if t + c == 0:
        return found
    freedom = (t + c) ** 2 / (t**2 / (len(treated) - 1) + c**2 / (len(control) - 1))
    reach, error = stats.t.ppf(0.975, freedom), sqrt(t + c)
    found |= {"low": difference - reach * error, "high": difference + reach * error, "freedom": freedom,
              "p_value": 2 * stats.t.sf(abs(difference) / error, freedom)}  # fmt: skip
    if (base := found["control_mean"]) > 0:
        lift = difference / base
        spread = sqrt(t / base**2 + found["treatment_mean"] ** 2 * c / base**4)
        found |= {"lift": lift, "lift_low": lift - reach * spread, "lift_high": lift + reach * spread}
    number = len(treated) + len(control)
    pooled = (variance(treated) * (len(treated) - 1) + variance(control) * (len(control) - 1)) / (number - 2)
    always = sqrt(max(t + c, pooled * (1 / len(treated) + 1 / len(control))))
    rho2 = (-2 * log(0.05) + log(-2 * log(0.05) + 1)) / 5000
    width = sqrt(2 * (number * rho2 + 1) / (number**2 * rho2) * log(sqrt(number * rho2 + 1) / 0.05)) * sqrt(number)
    evidence = exp(0.5 * (difference / always) ** 2 * number * rho2 / (number * rho2 + 1)) / sqrt(number * rho2 + 1)
    return found | {
        "always_low": difference - width * always, "always_high": difference + width * always,
        "always_p_value": min(1, 1 / evidence), "chance_to_beat": stats.norm.cdf(difference / error),
        "detectable": (reach + stats.t.ppf(0.8, freedom)) * error,
    }  # fmt: skip


def ratio(people: list[dict[str, Any]]) -> dict[str, Any]:
    """The check of the sizes of the arms, by the chance that each was drawn with."""
    drawn = [row for row in people if row["share"] is not None and 0 < row["share"] < 1]
    if not drawn:
        return {"sample_ratio_expected": None, "sample_ratio_p_value": None}
    expected = sum(row["share"] for row in drawn)
    spread = sum(row["share"] * (1 - row["share"]) for row in drawn)
    counted = sum(row["arm"] == "control" for row in drawn)
    return {"sample_ratio_expected": expected,
            "sample_ratio_p_value": erfc(sqrt((counted - expected) ** 2 / spread / 2))}  # fmt: skip
