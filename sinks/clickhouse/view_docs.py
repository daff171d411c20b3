"""What the head comment of each view says: its question, its grain, its columns with the tests that hold for them.

The form:

    -- Question: What did each channel do on each day?
    -- Grain: a day in the shop's time zone, a channel and a currency.
    -- Columns:
    --   day [key]: the day
    --   open_rate [rate]: opens / delivered
    -- Notes: whatever else is to be known.
    -- Source: where a formula that is more than counting comes from.

A line that is indented by more goes on with what is before it. Notes and Source may be absent. The words in brackets
are tests, with commas between them (TESTS); `docs/views.md` is made of all this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from sinks.clickhouse.migrate import Script, views

TESTS: Final = {
    "key": "together with the other keys unique, never empty of a value (NULL)",
    "not_null": "never NULL",
    "rate": "NULL, or from 0 to 1",
    "count": "a whole number, at least 0",
    "money": "exact (Decimal); the view has a `currency`",
    "number": "NULL, or finite",
    "one_of": "one of the values named",
}
"""The tests that a column can have, and what each says."""
_SECTION: Final = re.compile(r"(Question|Grain|Columns|Notes|Source):\s*(.*)")
_COLUMN: Final = re.compile(r"  (?P<name>[a-z][a-z0-9_]*)(?: \[(?P<tests>[^\]]*)\])?: (?P<text>.+)")
_PARAMETER: Final = re.compile(r"\{(from|to|[a-z_]+):(\w+)\}")


@dataclass(frozen=True)
class Column:
    """A column: its name, the tests that hold for it (`one_of` with its values), and what it is."""

    name: str
    tests: tuple[str, ...]
    text: str

    @property
    def values(self) -> tuple[str, ...]:
        """The values that `one_of` allows; none without such a test."""
        return next((tuple(one[7:].split("|")) for one in self.tests if one.startswith("one_of ")), ())


@dataclass
class ViewDoc:
    """One view for analysts: what its comment says. `parameters`: what it is called with, such as from and to."""

    name: str
    parameters: tuple[str, ...] = ()
    question: str = ""
    grain: str = ""
    notes: str = ""
    source: str = ""
    columns: list[Column] = field(default_factory=list)


def view_docs() -> list[ViewDoc]:
    """Of each view that begins with `v_`, by name, what its file says. Raises ValueError for one in another form."""
    found = [described(script) for script in views() if script.name.startswith("v_")]
    return sorted(found, key=lambda doc: doc.name)


def described(script: Script) -> ViewDoc:
    """What the head comment of a view's file says. Raises ValueError, with file and line, where it has another form."""
    name = script.name.removesuffix(".sql")
    found = ViewDoc(
        name, tuple(dict.fromkeys(one[0] for one in _PARAMETER.findall(script.text) if one[0] != "timezone"))
    )
    texts: dict[str, list[str]] = {}
    section = ""
    for number, line in enumerate(script.text.splitlines(), 1):
        if not line.startswith("--"):
            break
        text = line[2:].removeprefix(" ")
        if head := _SECTION.fullmatch(text):
            section = head[1].lower()
            texts[section] = [head[2]] if head[2] else []
        elif section == "columns" and _COLUMN.fullmatch(text):
            texts["columns"].append(text)
        elif section and text.startswith("   " if section == "columns" else " ") and texts[section]:
            texts[section][-1] += " " + text.strip()
        else:
            raise ValueError(f"{script.name}:{number}: neither a section, nor a column, nor the rest of a line before")
    for needed in ("question", "grain", "columns"):
        if not texts.get(needed):
            raise ValueError(f"{script.name}: its comment has no {needed.capitalize()}")
    found.question, found.grain, found.notes, found.source = (
        " ".join(texts.get(one, [])) for one in ("question", "grain", "notes", "source")
    )
    found.columns = [_column(script.name, text) for text in texts["columns"]]
    return found


def _column(file: str, text: str) -> Column:
    match = _COLUMN.fullmatch(text)
    if match is None:
        raise ValueError(f"{file}: column {text!r} is not `name [tests]: what it is`")
    tests = tuple(one.strip() for one in (match["tests"] or "").split(",") if one.strip())
    for one in tests:
        if one.split(" ", maxsplit=1)[0] not in TESTS:
            raise ValueError(
                f"{file}: column {match['name']} has the test {one!r}, which is none of {', '.join(TESTS)}"
            )
    return Column(match["name"], tests, match["text"])
