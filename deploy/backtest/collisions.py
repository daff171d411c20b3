"""Collisions: an hour (UTC) in which two campaigns wanted to write to one customer, and what became of it.

A campaign wanted to if a step of it was sent, put off by a campaign of higher priority (`deferred`, `capped`), or
suppressed because the caps were used up (`suppressed`, `capped`) in that hour. It is the hour of contract 8.82, item 9.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import Any, Final

from deploy.backtest.sides import Made

_HOUR: Final = len("2026-01-01T00")
_WANTED: Final = {
    ("sent", None): "sent", ("deferred", "capped"): "put_off", ("suppressed", "capped"): "capped",
}  # fmt: skip


class Collisions:
    """Counts the collisions of one campaigns file. Decisions of one hour of a customer come in one partition."""

    def __init__(self) -> None:
        self._pairs: Counter[tuple[str, str, str]] = Counter()
        self._customers: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._hours: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)

    def add(self, made: Made) -> None:
        """A decision of the partition at hand."""
        row = made.row
        became = _WANTED.get((row["outcome"], row["reason"]))
        if became is not None:
            hour = self._hours[made.customer, row["decided_at"][:_HOUR]]
            if hour.get(row["campaign_id"]) != "sent":
                hour[row["campaign_id"]] = became

    def settle(self) -> None:
        """The partition is at its end: count what has collided in it."""
        for (customer, _), wanted in self._hours.items():
            for one, other in combinations(sorted(wanted), 2):
                self._customers[one, other].add(customer)
                self._pairs[one, other, "times"] += 1
                both = {wanted[one], wanted[other]}
                kind = "both_sent" if both == {"sent"} else "put_off" if "put_off" in both else "capped"
                self._pairs[one, other, kind] += 1
        self._hours.clear()

    def rows(self) -> list[dict[str, Any]]:
        """A row for each two campaigns, the most frequent first: times, customers, and what became of these times.

        `both_sent`: both wrote; `put_off`: one gave way to the priority of another; `capped`: the caps kept one back.
        """
        return [
            {
                "campaign_id": one, "other_campaign_id": other, "times": self._pairs[one, other, "times"],
                "customers": len(customers),
                **{kind: self._pairs[one, other, kind] for kind in ("both_sent", "put_off", "capped")},
            }
            for (one, other), customers in sorted(
                self._customers.items(), key=lambda item: (-self._pairs[*item[0], "times"], item[0])
            )
        ]  # fmt: skip
