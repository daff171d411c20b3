"""Segments: who is in which, told from the rows of segments.membership alone, one customer after another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from tests.answers.zone import shop_day

Record = dict[str, Any]


def changes(records: Iterable[Record]) -> list[Record]:
    """Each change once, in the order in which they happened."""
    once = {(r["segment"], r["profile_id"], r["at"], r["nth"]): r for r in records}
    return sorted(once.values(), key=lambda r: (r["at"], r["profile_id"], r["nth"]))


def segments(records: Iterable[Record]) -> list[tuple[Any, ...]]:
    """Rows of v_segments: (segment, day, members, entered, left, left_by_time, left_by_merge)."""
    inside: dict[str, set[str]] = defaultdict(set)
    counts: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    sizes: dict[tuple[str, date], int] = {}
    for row in changes(records):
        of = row["segment"], shop_day(row["at"])
        counts[of][row["change"]] += 1
        if row["change"] == "left":
            counts[of][row["reason"]] += 1
            inside[row["segment"]].remove(row["profile_id"])
        else:
            inside[row["segment"]].add(row["profile_id"])
        sizes[of] = len(inside[row["segment"]])
    return [
        (*of, sizes[of], count["entered"], count["left"], count["time"], count["merge"])
        for of, count in sorted(counts.items())
    ]


def members(records: Iterable[Record]) -> set[tuple[str, str]]:
    """(segment, profile) of all who are in at the end."""
    last = {(row["segment"], row["profile_id"]): row["change"] for row in changes(records)}
    return {of for of, change in last.items() if change == "entered"}
