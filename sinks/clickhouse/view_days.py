"""What to say to who names a view over days without days: the engine's own words speak of something else."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from sinks.clickhouse.export import over
from sinks.clickhouse.view_docs import view_docs

_NO_NAMES: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)


def without_days(sql: str) -> str:
    """The view over days that a statement names without days, and how it is called; empty if it names none.

    `sql`: one statement; what is text or a comment in it is no name.
    """
    text = _NO_NAMES.sub(" ", sql)
    for name in _over_days():
        if re.search(rf"(?<![\w'])`?{name}`?(?![\w`])(?!\s*\()", text):
            called = over(name, "2026-10-01", "2026-10-31")
            return f"{name} is a view over days; name the first and the last: {called}"
    return ""


@cache
def _over_days() -> tuple[str, ...]:
    return tuple(doc.name for doc in view_docs() if doc.parameters)
