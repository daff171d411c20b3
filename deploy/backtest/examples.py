"""Examples to look at: a few decisions of different kinds, each of another customer, the same ones in every run.

Profile ids are keyed hashes, so the customers with the least ids are as good as drawn by lot, and nobody chooses them.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from typing import Any, Final

from deploy.backtest.changes import SAME, Change
from deploy.backtest.sides import Made

MOST: Final = 10
_SHOWN: Final = 2
"""Characters at either end of an address that are shown."""

Kind = tuple[str, str, str, str, str]


class Examples:
    """Chooses among all changes; those decisions that are the same are shown only where nothing has changed."""

    def __init__(self) -> None:
        self._found: dict[Kind, list[tuple[int, int, Change]]] = defaultdict(list)
        self._counts: Counter[Kind] = Counter()
        self._nth = 0

    def add(self, change: Change) -> None:
        """A change, in the order of `changes.compare`, partition after partition."""
        row = change.made.row
        before, after = ("" if made is None else made.what for made in (change.before, change.after))
        kind = (change.kind, row["campaign_id"], row["step"], before, after)
        self._counts[kind] += 1
        self._nth += 1
        best = self._found[kind]
        # The least ids, and of one customer the first decision: a heap of the negated ones keeps the greatest on top.
        entry = (-int(change.made.customer, 16), -self._nth, change)
        if any(one[0] == entry[0] for one in best):
            return
        if len(best) < MOST:
            heapq.heappush(best, entry)
        elif entry > best[0]:
            heapq.heapreplace(best, entry)

    def rows(self) -> list[dict[str, Any]]:
        """The examples: one of each kind in turn, the most frequent kinds first, no customer twice."""
        kinds = [kind for kind in self._counts if kind[0] != SAME] or list(self._counts)
        kinds.sort(key=lambda kind: (-self._counts[kind], kind))
        queues = [sorted(self._found[kind], reverse=True) for kind in kinds]
        chosen: list[Change] = []
        customers = set[int]()
        while len(chosen) < MOST and any(queues):
            for queue in queues:
                while queue and queue[0][0] in customers:
                    queue.pop(0)
                if queue and len(chosen) < MOST:
                    entry = queue.pop(0)
                    customers.add(entry[0])
                    chosen.append(entry[2])
        return [_example(change) for change in chosen]


def masked(to: str) -> str:
    """The address `to` for who knows it already, and for nobody else: `an***@example.com`, `+4***56`."""
    name, at, domain = to.rpartition("@")
    if at and "." in domain:
        return f"{_start(name)}***@{domain}"
    return f"{_start(to)}***{to[-_SHOWN:] if len(to) > 4 * _SHOWN else ''}"


def _start(text: str) -> str:
    return text[: min(_SHOWN, len(text) // 3)]


def _example(change: Change) -> dict[str, Any]:
    row = change.made.row
    return {
        "change": change.kind, "profile_id": row["profile_id"], "campaign_id": row["campaign_id"],
        "step": row["step"], "trigger": row["trigger"], "before": _decision(change.before),
        "after": _decision(change.after),
    }  # fmt: skip


def _decision(made: Made | None) -> dict[str, Any] | None:
    if made is None:
        return None
    shown = {name: made.row[name] for name in ("outcome", "reason", "decided_at")}
    if made.sent is not None:
        shown |= {"channel": made.sent.channel, "to": masked(made.sent.to), "subject": made.sent.subject}
    return shown
