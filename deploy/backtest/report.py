"""The report of a backtest as one JSON value; deploy/cli/backtest_tables.py shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from deploy.backtest import changes, core, sides
from deploy.backtest.counts import Counts
from deploy.backtest.examples import Examples
from deploy.backtest.limits import limits
from deploy.backtest.sides import Customers, Made, Window
from deploy.backtest.words import Said

ROWS: Final = 1_000
"""Changes that the report lists one by one; `changes.jsonl` has all."""


class Recorded(NamedTuple):
    """What was decided in reality: decisions in a folder, and how many profiles were `split` and `erased`."""

    folder: Path
    requests: Mapping[str, int]


class Sides(NamedTuple):
    """Folders of the new file and of the one in force (the same one where they are alike), of so many `partitions`.

    `window`: the decisions that count. `recorded`: what to compare the file in force with. `said`: the words of
    operators that were played.
    """

    new: Path
    current: Path
    partitions: int
    window: Window
    recorded: Recorded | None
    said: Said = Said((), 0)


def build(
    given: Sides, zone: str, write: Callable[[dict[str, Any]], None], advance: Callable[[], None]
) -> dict[str, Any]:
    """The report, all but the names of the files; hours are those of the time `zone` of the shop.

    `write` takes every change as it is found, `advance` is called after each partition.
    """
    new, current = Counts(zone), Counts(zone)
    tally, examples, listed = changes.Tally(), Examples(), list[dict[str, Any]]()
    faithful: Counter[str] = Counter()
    customers = Customers(given.new)
    for partition in range(given.partitions):
        after = list(sides.decisions(given.new, partition, customers))
        before = after
        _count(new, after, given.new, partition)
        if given.current != given.new:
            before = list(sides.decisions(given.current, partition, customers))
            _count(current, before, given.current, partition)
        for change in changes.compare(before, after):
            tally.add(change)
            examples.add(change)
            if change.kind != changes.SAME:
                row = change.row()
                write(row)
                if len(listed) < ROWS:
                    listed.append(row)
        if given.recorded is not None:
            made = list(sides.decisions(given.recorded.folder, partition, customers))
            faithful.update(change.kind for change in changes.compare(_bare(made), _bare(before)))
        advance()
    if given.current == given.new:
        current = new
    changed = sum(count for kind, count in tally.kinds.items() if kind != changes.SAME)
    told = core.told(given.new)
    return {
        "input": {**told._asdict(), "since": given.window.since, "until": given.window.until, "timezone": zone},
        "totals": {"new": new.totals(), "current": current.totals()},
        **_beside(new, current),
        "by_customer": {"new": new.by_customer(), "current": current.by_customer()},
        "offers": {"new": new.offers.rows(), "current": current.offers.rows()},
        "collisions": {"new": new.collisions.rows(), "current": current.collisions.rows()},
        "changes": {
            **{kind: tally.kinds[kind] for kind in changes.KINDS}, "by_step": tally.rows(), "rows": listed,
            "rows_left_out": changed - len(listed),
        },
        "recorded": None if given.recorded is None else {
            "same": faithful[changes.SAME], "differing": faithful[changes.CHANGED],
            "only_recorded": faithful[changes.DROPPED], "only_here": faithful[changes.ADDED],
            **{f"{name}_profiles": given.recorded.requests.get(name, 0) for name in ("split", "erased")},
        },
        "operators": given.said.counts(),
        "examples": examples.rows(),
        "cannot_be_known": limits(stored=given.recorded is not None, said=given.said.counts()),
    }  # fmt: skip


def _count(counts: Counts, decisions: Sequence[Made], folder: Path, partition: int) -> None:
    carts = sides.carts(folder, partition)
    for made in decisions:
        counts.add(made, carts)
    counts.settle()


def _bare(decisions: Sequence[Made]) -> list[Made]:
    """Without messages: ClickHouse's decisions are compared row by row, as they are."""
    return [made._replace(sent=None) for made in decisions]


def _beside(new: Counts, current: Counts) -> dict[str, list[dict[str, Any]]]:
    """Rows of counters, those of both files beside each other."""
    return {
        "by_campaign": _rows(("campaign_id", "step"), "messages", new.messages, current.messages),
        "by_channel": _rows(("channel",), "messages", _keyed(new.channels), _keyed(current.channels)),
        "by_hour": [
            {"hour": hour, "messages": new.hours[hour], "current": current.hours[hour]} for hour in range(24)
        ],
        "not_sent": _rows(("campaign_id", "outcome", "reason"), "decisions", new.reasons, current.reasons),
        "quiet_hours": _rows(("campaign_id", "outcome"), "steps", new.quiet, current.quiet),
    }  # fmt: skip


def _keyed(counter: Counter[str]) -> Counter[tuple[str]]:
    return Counter({(key,): count for key, count in counter.items()})


def _rows(columns: Sequence[str], what: str, new: Counter[Any], current: Counter[Any]) -> list[dict[str, Any]]:
    return [
        {**{name: part or None for name, part in zip(columns, key, strict=True)}, what: new[key],
         "current": current[key]}
        for key in sorted(new.keys() | current.keys())
    ]  # fmt: skip
