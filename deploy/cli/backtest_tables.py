"""The report of a backtest as tables: first what changes, then what it comes to, then what cannot be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from deploy import console

ROWS: Final = 15
"""Rows of a table that are shown; --json has all."""
_TOTALS: Final = (
    "decisions", "sent", "held_out", "suppressed", "deferred", "cancelled", "taken_back", "customers",
)  # fmt: skip
_GOT: Final = ("1", "2", "3+", "most")


def render(found: Mapping[str, Any]) -> Iterator[Any]:
    """The tables of what `deploy.backtest.report` has `found`."""
    yield from _head(found)
    yield from _changes(found["changes"])
    totals = found["totals"]
    yield _table("Totals", [
        {"": name.replace("_", " "), "new": totals["new"][name], "current": totals["current"][name]} for name in _TOTALS
    ])  # fmt: skip
    got = found["by_customer"]
    yield _table("Customers by messages", [
        {"messages": name, "new": got["new"][name], "current": got["current"][name]} for name in _GOT
    ])  # fmt: skip
    yield _table("Messages by campaign", found["by_campaign"])
    yield _table("Messages by channel", found["by_channel"])
    busy = [row for row in found["by_hour"] if row["messages"] or row["current"]]
    yield _table(f"Messages by hour ({found['input']['timezone']})", busy, most=24)
    yield _table("Not sent, and why", found["not_sent"])
    yield _table("Quiet hours: steps deferred, and what became of them", found["quiet_hours"])
    yield _table("Collisions: two campaigns, one customer, one hour", _both(found["collisions"]))
    yield _table("Offers given away", [_costly(row) for row in _both(found["offers"])])
    if (recorded := found["recorded"]) is not None:
        yield _table("The file in force beside what was decided", [recorded])
    yield "Examples (times are UTC)\n"
    for number, row in enumerate(found["examples"], 1):
        yield _text(_example(number, row))
    yield "What cannot be known\n"
    for sentence in found["cannot_be_known"]:
        yield _text(f"- {sentence}")


def _head(found: Mapping[str, Any]) -> Iterator[Any]:
    campaigns, given = found["campaigns"], found["input"]
    current = campaigns["current"] or "the built-in campaigns"
    days = f", decisions from {given['since']} to {given['until']}" if given["since"] else ""
    yield f"{campaigns['new']} against {current}: {given['records']:,} events{days}"
    if campaigns["alike"]:
        yield "Both files are the same."
    if any(found["operators"].values()):
        said = ", ".join(
            f"{many:,} {name.replace('_', ' ')}"
            for name, many in found["operators"].items()
            if many and name != "unknown_splits"
        )
        yield f"Words of operators that were played: {said}"
    yield ""


def _changes(changed: Mapping[str, Any]) -> Iterator[Any]:
    kinds = ("same", "added", "dropped", "changed", "text")
    yield _table("What changes", [{kind: changed[kind] for kind in kinds}])
    rows = changed["by_step"]
    if rows:
        yield _table("Changes by step", rows)


def _both(sides: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    return [{"by": side, **row} for side in ("new", "current") for row in sides[side]]


def _costly(row: Mapping[str, Any]) -> dict[str, Any]:
    worst = row["worst_cost"]
    return {**row, "worst_cost": None if worst is None else float(worst)}


def _example(number: int, row: Mapping[str, Any]) -> str:
    trigger = row["trigger"]
    lines = (
        f"{number}. {row['campaign_id']}, step {row['step']}, customer {row['profile_id'][:8]}",
        f"   {trigger['type']} at {_minute(trigger['at'])}",
        f"   current: {_outcome(row['before'])}",
        f"   new:     {_outcome(row['after'])}",
    )
    return "\n".join(lines) + "\n"


def _outcome(decision: Mapping[str, Any] | None) -> str:
    if decision is None:
        return "no such decision"
    channel = f" by {decision['channel']} to {decision['to']}" if "channel" in decision else ""
    reason = f" ({decision['reason']})" if decision["reason"] else ""
    subject = f": {decision['subject']}" if decision.get("subject") else ""
    outcome = str(decision["outcome"]).replace("_", " ")
    return f"{_minute(decision['decided_at'])} {outcome}{reason}{channel}{subject}"


def _minute(at: str) -> str:
    return at[:16].replace("T", " ")


def _text(text: str) -> Any:
    from rich.text import Text

    # Text, not str: what customers write is no markup, and no code for the terminal.
    return Text(console.plain(text))


def _table(title: str, rows: Sequence[Mapping[str, Any]], most: int = ROWS) -> Any:
    if not rows:
        return f"{title}: none\n"
    more = f" (first {most} of {len(rows)})" if len(rows) > most else ""
    columns = list(rows[0])
    shown = [[row[name] for name in columns] for row in rows[:most]]
    return console.table(title + more, [name.replace("_", " ") for name in columns], shown)
