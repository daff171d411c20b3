"""The simulation: days planned, agendas kept, lines handed out in the order in which they arrive in Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.shop.clock import DAY, START
from deploy.shop.floor import Floor
from deploy.shop.logins import join_accounts
from deploy.shop.media import Media
from deploy.shop.noise import Noise
from deploy.shop.outreach import campaigns, change_subscription
from deploy.shop.shoppers import plan_day
from deploy.shop.truth import Truth


def simulate(
    customers: int, days: float, seed: int, truth: Path | None = None, start: int | None = None
) -> Iterator[dict[str, Any]]:
    """Input lines of a made-up shop with so many `customers` over so many `days`, in the order of arrival.

    The same arguments give the same lines; another `seed` gives others. `start`: epoch milliseconds of the first moment
    (Monday 2026-01-05T00:00:00Z if None). `truth`: a directory that the ground truth is written to after the last line
    (docs/simulator.md). Lines share parts: do not change them. Raises ValueError for fewer than one customer or no time
    at all, OSError if `truth` cannot be written.
    """
    if customers < 1:
        raise ValueError(f"customers must be at least 1, not {customers}")
    if not 0 < days <= 3650:
        raise ValueError(f"days must be above 0 and at most 3650, not {days:g}")
    begin = START if start is None else start
    floor = Floor(customers, seed, begin, begin + int(days * DAY))
    book = None if truth is None else Truth(truth, floor)
    _plan(floor, begin)
    return _run(floor, book)


def _plan(floor: Floor, begin: int) -> None:
    """What happens every day, and the few things that happen once."""
    for customer in floor.customers:
        plan_day(begin, floor, customer)
        x = floor.rng.random()
        if x < 0.02:
            floor.later(begin + int(x * 50 * (floor.end - begin)), change_subscription, floor, customer)
        if customer.old_user_id:
            floor.later(begin + int(floor.rng.random() * (floor.end - begin)), join_accounts, floor, customer)
    Media(floor).day(begin)
    Noise(floor).day(begin)
    campaigns(begin, floor)


def _run(floor: Floor, book: Truth | None) -> Iterator[dict[str, Any]]:
    line_no = 0
    item = floor.next()
    while item is not None:
        at, act, args = item
        # What is still to happen arrives at that moment or later, so all that arrives before is complete.
        for line, what in floor.delivery.until(at - 1):
            if book is not None and what not in ("events", "duplicates"):
                book.broken(line_no, line["topic"], what)
            line_no += 1
            yield line
        act(at, *args)
        item = floor.next()
    for line, what in floor.delivery.until(None):
        if book is not None and what not in ("events", "duplicates"):
            book.broken(line_no, line["topic"], what)
        line_no += 1
        yield line
    if book is not None:
        book.write()
