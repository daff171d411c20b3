"""Charts of one view each, which say more than bars do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from deploy.report import charts
from deploy.report.cells import percent, written
from deploy.report.charts import Mark
from deploy.report.model import Draw, Figure, Row

FOUR_FIFTHS: Final = 0.8
MOST: Final = 12


def few(share: str, said: str) -> Draw:
    """Draws how few channels take four fifths of the revenue, by the column `share` (v_pareto); `said` says which."""

    def draw(rows: Sequence[Row], currency: str) -> Figure | None:
        mine = sorted(
            (row for row in rows if row["currency"] == currency and row[share]),
            key=lambda row: row[share],
            reverse=True,
        )
        if not mine:
            return None
        marks: list[Mark] = []
        total, needed = 0.0, 0
        for row in mine:
            enough = total >= FOUR_FIFTHS
            needed += not enough
            total += float(row[share])
            marks.append(
                Mark(row["channel"], float(row[share]), percent(row[share]), high=total, group="rest" if enough else "")
            )
        reached = marks[needed - 1].high or 0.0
        label = (
            f"{_and([mark.name for mark in marks[:needed]])}: {needed} of {len(marks)} channels bring "
            f"{percent(reached)} of the {currency} revenue {said}. The line is the sum so far, the dashes are at "
            "80\u00a0%; the others are hatched."
        )
        return Figure(charts.cumulative(marks[:MOST], FOUR_FIFTHS), label)

    return draw


def personas(rows: Sequence[Row], currency: str) -> Figure | None:
    """How many customers have each score of recency and frequency (v_rfm), whatever the currency."""
    del currency
    counts = {(int(row["r"]), int(row["f"])): row["customers"] for row in rows}
    if not counts:
        return None
    fields = [
        (str(f), str(r), float(counts.get((r, f), 0)), f"{counts.get((r, f), 0):,}")
        for r in range(5, 0, -1)
        for f in range(1, 6)
    ]
    best = counts.get((5, 5), 0)
    label = f"Customers by recency and frequency, 5 is the best: {best:,} have 5 in both. Darker is more."
    return Figure(charts.heat(fields, across="frequency", down="recency"), label)


def retention(rows: Sequence[Row], currency: str) -> Figure | None:
    """The share of each month's new customers who order again, in whatever currency (v_cohort_retention)."""
    del currency
    cohorts = sorted({row["cohort"] for row in rows})[-MOST:]
    ages = sorted({row["age"] for row in rows if row["age"] > 0})[:6]
    told = {(row["cohort"], row["age"]): row for row in rows}
    fields = []
    for cohort in cohorts:
        for age in ages:
            row = told.get((cohort, age))
            if row is not None and row["retention"] is not None:
                figure = percent(row["retention"]) + ("" if str(row["complete"]) == "1" else "*")
                fields.append((str(age), f"{cohort:%b %Y}", float(row["retention"]), figure))
    if not fields:
        return None
    label = (
        "Share of new customers who order again so many months later. Darker is more; * is a month that is not over."
    )
    return Figure(charts.heat(fields, across="months since the first order", down="first order in"), label)


def hours(rows: Sequence[Row], currency: str) -> Figure | None:
    """Activity by hour of the day (v_devices_hours); no currency is in it."""
    del currency
    by_hour = {int(row["hour"]): row for row in rows}
    marks = [
        Mark(str(hour), float(by_hour[hour]["activity"]) if hour in by_hour else 0.0,
             written(by_hour[hour]["activity"], "count") if hour in by_hour else "0")
        for hour in range(24)
    ]  # fmt: skip
    if not any(mark.value for mark in marks):
        return None
    highest = max(marks, key=lambda mark: mark.value)
    label = f"Activity by hour of the day. The busiest hour begins at {highest.name}:00: {highest.figure}."
    return Figure(charts.days(marks, every=3), label)


def recovery(rows: Sequence[Row], currency: str) -> Figure | None:
    """The share of abandoned carts that were bought, by arm and by message (v_recovery), whatever the currency."""
    del currency
    (row,) = rows
    told = [
        ("treatment", "treated", "returned_treated", "treated_return_rate"),
        ("control group", "control", "returned_control", "control_return_rate"),
        ("with a message", "messaged", "returned_messaged", "messaged_return_rate"),
        ("without one", "unmessaged", "returned_alone", "alone_return_rate"),
    ]
    marks = [
        Mark(name, float(row[rate]), f"{percent(row[rate])} of {row[carts]:,}", group="control" * (carts == "control"))
        for name, carts, _, rate in told
        if row[rate] is not None
    ]
    if not marks:
        return None
    said = "; ".join(f"{mark.name} {mark.figure}" for mark in marks)
    return Figure(charts.bars(marks), f"Abandoned carts that were bought: {said}. The control group is hatched.")


def spots(rows: Sequence[Row], currency: str) -> Figure | None:
    """How many more events a minute there were after each spot than before it (v_broadcast_lift), in no currency."""
    del currency
    marks = [
        Mark(" ".join(filter(None, (f"{row['aired_at']:%-d %b %H:%M}", row["region"]))),
             float(row["difference_per_minute"]), written(row["difference_per_minute"], "number"),
             float(row["difference_low"]), float(row["difference_high"]))
        for row in rows[:MOST]
        if row["difference_low"] is not None
    ]  # fmt: skip
    if not marks:
        return None
    label = (
        "Events a minute after the spot less before it, with 95\u00a0% intervals. An interval that crosses the dashed "
        "line at nothing shows no lift."
    )
    return Figure(charts.intervals(marks, percent=False), label)


def uplift(metric: str) -> Draw:
    """Draws the difference that each campaign makes in a metric, with its interval (v_uplift)."""
    form = "rate" if metric == "conversion" else "money"

    def draw(rows: Sequence[Row], currency: str) -> Figure | None:
        told = [
            row
            for row in rows
            if row["metric"] == metric and row["always_low"] is not None and row["currency"] in ("", currency)
        ]
        if not told:
            return None
        marks = [
            Mark(row["campaign_id"], float(row["difference"]),
                 f"{_signed(row['difference'], form, currency)}, {row['verdict']}",
                 float(row["always_low"]), float(row["always_high"]))
            for row in told
        ]  # fmt: skip
        proven = [row["campaign_id"] for row in told if row["verdict"] in ("more", "less")]
        said = f"Proven for {_and(proven)}." if proven else "Proven for no campaign."
        unit = "in points of percent" if form == "rate" else f"in {currency}"
        label = (
            f"Difference between treated and control, a customer, {unit}, with 95\u00a0% intervals. {said} "
            "An interval that crosses the dashed line at nothing proves nothing."
        )
        return Figure(charts.intervals(marks, percent=form == "rate"), label)

    return draw


def _signed(value: float, form: str, currency: str) -> str:
    text = written(value, form, currency)
    return f"+{text}" if value > 0 and form == "rate" else text


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
