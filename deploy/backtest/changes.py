"""What other campaigns change: the decisions of two files over the same history, one by one, by their decision_id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from deploy.backtest.sides import Made

SAME, ADDED, DROPPED, CHANGED, TEXT = "same", "added", "dropped", "changed", "text"
KINDS: Final = (SAME, ADDED, DROPPED, CHANGED, TEXT)
"""The same in all; only by the new file; only by the file in force; another outcome, reason, channel or arm; another
text or offer in the same message."""

COMPARED: Final = (
    "profile_id", "campaign_id", "step", "variant", "arm", "outcome", "reason", "message_id", "trigger", "decided_at",
)  # fmt: skip
"""The columns of a decision that say what was decided; `control_share` says by what chance."""


class Change(NamedTuple):
    """One decision by both files: `kind` is one of KINDS; one of `before` and `after` is None where only one has it."""

    kind: str
    before: Made | None
    after: Made | None

    @property
    def made(self) -> Made:
        """The decision as the new file makes it; as the other did, where the new file makes none.

        Raises ValueError where neither does.
        """
        made = self.after or self.before
        if made is None:
            raise ValueError("neither file decides it")
        return made

    def row(self) -> dict[str, Any]:
        """The change as one JSON value: what was decided before and after, None where it was not."""
        row = self.made.row
        return {
            "change": self.kind, "decision_id": row["decision_id"], "profile_id": row["profile_id"],
            "campaign_id": row["campaign_id"], "step": row["step"], "before": _shown(self.before),
            "after": _shown(self.after),
        }  # fmt: skip


class Tally:
    """Counts changes, by kind and by what a step's decisions were and are."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self._steps: Counter[tuple[str, str, str, str, str]] = Counter()

    def add(self, change: Change) -> None:
        """One decision by both files."""
        self.kinds[change.kind] += 1
        if change.kind != SAME:
            row = change.made.row
            self._steps[row["campaign_id"], row["step"], change.kind, _what(change.before), _what(change.after)] += 1

    def rows(self) -> list[dict[str, Any]]:
        """A row for each campaign, step and change: before, after, and how many decisions; the most first."""
        columns = ("campaign_id", "step", "change", "before", "after")
        ordered = sorted(self._steps.items(), key=lambda item: (-item[1], item[0]))
        return [{**dict(zip(columns, key, strict=True)), "decisions": count} for key, count in ordered]


def compare(before: Iterable[Made], after: Iterable[Made]) -> Iterator[Change]:
    """The changes between two files in one partition, in the order (profile, time, decision_id)."""
    old = {made.row["decision_id"]: made for made in before}
    changes = []
    for made in after:
        was = old.pop(made.row["decision_id"], None)
        changes.append(Change(ADDED if was is None else _kind(was, made), was, made))
    changes += (Change(DROPPED, was, None) for was in old.values())
    return iter(sorted(changes, key=_order))


def _kind(before: Made, after: Made) -> str:
    if any(before.row[name] != after.row[name] for name in COMPARED) or _to(before) != _to(after):
        return CHANGED
    return SAME if before.sent == after.sent else TEXT


def _to(made: Made) -> tuple[str, str] | None:
    return None if made.sent is None else (made.sent.channel, made.sent.to)


def _order(change: Change) -> tuple[str, str, str]:
    row: Mapping[str, str] = change.made.row
    return row["profile_id"], row["decided_at"], row["decision_id"]


def _what(made: Made | None) -> str:
    return "" if made is None else made.what


def _shown(made: Made | None) -> dict[str, Any] | None:
    if made is None:
        return None
    kept = {name: made.row[name] for name in ("outcome", "reason", "arm", "variant", "decided_at")}
    return {**kept, "channel": None if made.sent is None else made.sent.channel}
