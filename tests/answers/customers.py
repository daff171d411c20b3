"""New and returning customers, RFM, cohorts and lifetime value."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from math import ceil, floor

from tests.answers.people import Row, Topics, day, money, newest, numbered, orders, within

EVER = (date(1970, 1, 1), date(2149, 6, 6))


def new_returning(topics: Topics, first: date, last: date, *, daily: bool) -> list[Row]:
    """Rows of v_new_returning, or with `daily` of v_new_returning_daily."""
    found = orders(topics)
    place = numbered(found)
    cells: dict[tuple[date | None, str, str], dict[str, list[str] | Decimal]] = defaultdict(
        lambda: {"placed": [], "buyers": [], "revenue": Decimal(0)}
    )
    for order in found:
        kind = "new" if place.get(order.order_id) == 1 else "returning"
        for row in order.rows:
            if within(row["at"], first, last):
                cell = cells[day(row["at"]) if daily else None, kind, row["currency"] or ""]
                cell["revenue"] += money(row["value"])  # type: ignore[operator]
        if order.stands and within(order.at, first, last):
            currency = order.rows[0]["currency"] or ""
            cell = cells[day(order.at) if daily else None, kind, currency]
            cell["placed"].append(order.order_id)  # type: ignore[union-attr]
            cell["buyers"].append(order.customer)  # type: ignore[union-attr]
    totals: dict[str, int] = defaultdict(int)
    for (_, _, currency), cell in cells.items():
        totals[currency] += len(cell["placed"])  # type: ignore[arg-type]
    made = []
    for (when, kind, currency), cell in cells.items():
        placed = len(cell["placed"])  # type: ignore[arg-type]
        if placed or cell["revenue"]:
            row = {"customer_type": kind, "customers": len(set(cell["buyers"])), "orders": placed}  # type: ignore[arg-type]
            row |= {"revenue": cell["revenue"], "currency": currency}
            share = placed / totals[currency] if totals[currency] else None
            made.append({"day": when, **row} if daily else {**row, "order_share": share})
    return made


SEGMENTS = {
    "Champions": [(5, 4), (5, 5)],
    "Loyal Customers": [(3, 4), (3, 5), (4, 4), (4, 5)],
    "Potential Loyalists": [(4, 2), (4, 3), (5, 2), (5, 3)],
    "New Customers": [(5, 1)],
    "Promising": [(4, 1)],
    "Need Attention": [(3, 3)],
    "About to Sleep": [(3, 1), (3, 2)],
    "Cannot Lose Them": [(1, 5), (2, 5)],
    "At Risk": [(1, 3), (1, 4), (2, 3), (2, 4)],
    "Hibernating": [(1, 1), (1, 2), (2, 1), (2, 2)],
}
SEGMENT_OF = {scores: name for name, grid in SEGMENTS.items() for scores in grid}


def rfm(topics: Topics, first: date, last: date) -> list[Row]:
    """Rows of v_rfm."""
    spent: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    times: dict[str, list[date]] = defaultdict(list)
    for order in orders(topics):
        for row in order.rows:
            if within(row["at"], first, last):
                spent[order.customer][row["currency"] or ""] += money(row["value"])
        if order.stands and within(order.at, first, last):
            times[order.customer].append(day(order.at))
    latest = {customer: max(days) for customer, days in times.items()}
    counts = {customer: len(days) for customer, days in times.items()}
    today = min(last, newest(topics))
    made = []
    in_order = sorted(latest.values()), sorted(counts.values())
    paid: dict[str, list[Decimal]] = defaultdict(list)
    for customer in times:
        for currency, amount in spent[customer].items():
            insort(paid[currency], amount)
    for customer in times:
        r = ceil(5 * bisect_right(in_order[0], latest[customer]) / len(times))
        f = 1 + floor(5 * bisect_left(in_order[1], counts[customer]) / len(times))
        for currency, amount in spent[customer].items():
            m = 1 + floor(5 * bisect_left(paid[currency], amount) / len(paid[currency]))
            made.append({
                "profile_id": customer, "last_order_day": latest[customer],
                "recency_days": (today - latest[customer]).days, "frequency": counts[customer],
                "monetary": amount, "r": r, "f": f, "m": m, "rfm": f"{r}{f}{m}", "segment": SEGMENT_OF[r, f],
                "currency": currency,
            })  # fmt: skip
    return made


def month_start(when: date) -> date:
    """The first day of its month."""
    return when.replace(day=1)


def later(period: str, start: date, age: int) -> date:
    """The first day of the month or week that many after `start`."""
    if period == "week":
        return start + timedelta(days=7 * age)
    months = start.year * 12 + start.month - 1 + age
    return date(months // 12, months % 12 + 1, 1)


def starts(period: str, when: date) -> date:
    """The first day of the month, or of the week from Monday, that a day is in."""
    return month_start(when) if period == "month" else when - timedelta(days=when.weekday())


def retention(topics: Topics) -> list[Row]:
    """Rows of v_cohort_retention."""
    standing = [order for order in orders(topics) if order.stands]
    today, begun = newest(topics), dict[str, date]()
    placed_by: dict[str, list[tuple[str, date]]] = defaultdict(list)
    for order in standing:
        begun[order.customer] = min(day(order.at), begun.get(order.customer, date.max))
        placed_by[order.customer].append((order.customer, day(order.at)))
    made = []
    for period in ("month", "week"):
        cohorts: dict[date, set[str]] = defaultdict(set)
        for customer, when in begun.items():
            cohorts[starts(period, when)].add(customer)
        for cohort, members in cohorts.items():
            age = 0
            while (start := later(period, cohort, age)) <= today:
                end = later(period, cohort, age + 1)
                placed = [who for member in members for who, when in placed_by[member] if start <= when < end]
                active = len(set(placed))
                made.append({
                    "period": period, "cohort": cohort, "age": age, "customers": len(members), "ordered": active,
                    "retention": active / len(members), "orders": len(placed), "complete": end <= today,
                })  # fmt: skip
                age += 1
    return made


def lifetime_value(topics: Topics) -> list[Row]:
    """Rows of v_lifetime_value."""
    found = orders(topics)
    place = numbered(found)
    begun = {order.customer: month_start(day(order.at)) for order in found if place.get(order.order_id) == 1}
    buyers: dict[tuple[date, str], set[str]] = defaultdict(set)
    counts: dict[tuple[date, str, date], int] = defaultdict(int)
    earned: dict[tuple[date, str, date], Decimal] = defaultdict(Decimal)
    for order in found:
        if order.customer in begun:
            cohort = begun[order.customer]
            for row in order.rows:
                earned[cohort, row["currency"] or "", max(cohort, month_start(day(row["at"])))] += money(row["value"])
            if order.stands:
                currency = order.rows[0]["currency"] or ""
                buyers[cohort, currency].add(order.customer)
                counts[cohort, currency, month_start(day(order.at))] += 1
    today, made = newest(topics), []
    for (cohort, currency), members in buyers.items():
        age, total, placed = 0, Decimal(0), 0
        while (month := later("month", cohort, age)) <= today:
            total += earned[cohort, currency, month]
            placed += counts[cohort, currency, month]
            made.append({
                "cohort": cohort, "age_months": age, "customers": len(members),
                "orders": counts[cohort, currency, month], "revenue": earned[cohort, currency, month],
                "revenue_to_date": total, "lifetime_value": float(total) / len(members),
                "orders_per_customer": placed / len(members),
                "complete": later("month", month, 1) <= month_start(today), "currency": currency,
            })  # fmt: skip
            age += 1
    return made
