"""How far customers get from a visit to an order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from tests.answers.channels.devices import is_activity
from tests.answers.channels.history import History
from tests.answers.people import Row, Topics, moment, orders, within

STEPS = ("visit", "product viewed", "cart", "checkout", "order")
STEP_OF = {"Product Viewed": 2, "Product Added": 3, "Checkout Started": 4}
WINDOW = timedelta(days=7)
Moments = Sequence[tuple[datetime, int]]
"""Times with the step taken: 1 to 5."""


def longest(moments: Moments, window: timedelta = WINDOW, steps: int = 5) -> int:
    """The longest way through the steps that begins with any first step: each later, all within the window of it."""
    ordered, best = sorted(moments), 0
    for place, (began, step) in enumerate(ordered):
        if step == 1:
            reached = 1
            for at, then in ordered[place + 1 :]:
                if then == reached + 1 and at <= began + window:
                    reached += 1
            best = max(best, reached)
    return min(best, steps)


def strict(moments: Moments, window: timedelta = WINDOW, steps: int = 5) -> int:
    """The same, ended by the first step whose step before has not been taken; 0 as a step is anything else."""
    began: list[datetime | None] = [None] * (steps + 1)
    for at, step in sorted(moments):
        started = began[1] is not None
        if step == 1:
            began[1] = at
        elif started and (step == 0 or began[step - 1] is None):
            break
        elif step > 1 and (first := began[step - 1]) is not None and at <= first + window:
            began[step] = first
    return max((step for step in range(1, steps + 1) if began[step] is not None), default=0)


def funnel(topics: Topics, first: date, last: date) -> list[Row]:
    """Rows of v_funnel."""
    moments: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for event in History(topics).events:
        if is_activity(event) and first <= event.day <= last and event.named:
            # Every step but the order is a visit as well.
            moments[event.who] += {(event.at, 1), (event.at, STEP_OF.get(event.name, 1))}
    for order in orders(topics):
        if order.stands and order.kind == "order" and within(order.at, first, last):
            moments[order.customer].append((moment(order.at), 5))
    levels = [(longest(taken), strict(taken)) for taken in moments.values()]
    made: list[Row] = []
    for position, step in enumerate(STEPS, 1):
        reached = sum(level >= position for level, _ in levels)
        visits, before = (made[0]["customers"], made[-1]["customers"]) if made else (reached, 0)
        made.append({
            "position": position, "step": step, "customers": reached,
            "share_of_visits": reached / visits if visits else None,
            "share_of_previous": reached / before if before else None,
            "customers_in_strict_order": sum(min(pair) >= position for pair in levels),
        })  # fmt: skip
    return made if levels else []
