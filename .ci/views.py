"""`docs/views.md`, made of the comments of the views: `python .ci/views.py` writes it, `--check` compares it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from sinks.clickhouse.view_docs import TESTS, ViewDoc, view_docs  # noqa: E402

PAGE = ROOT / "docs" / "views.md"
HEAD = """# The views

One question each. Made of the comments of [the SQL files](../sinks/clickhouse/sql/views) by `.ci/views.py`: change
those.

Days and hours are those of the shop's time zone (`WINBACK_TIMEZONE`). Money is exact, net of refunds and cancellations
unless a column says otherwise, and never added across currencies: there is a row for each `currency`, in which all that
is no money and no order is repeated. A view over days is called with the first and the last one, both included:
`SELECT * FROM v_channel_kpis(from = '2026-10-01', to = '2026-10-31')`; `winback once --out` and the report read it over
all days.

"""


def page(docs: list[ViewDoc]) -> str:
    """The page, as Markdown."""
    tests = "".join(f"| `{name}` | {text} |\n" for name, text in TESTS.items())
    listed = "".join(f"| [`{doc.name}`](#{doc.name}) | {_cell(doc.question)} |\n" for doc in docs)
    return (
        HEAD + f"| view | question |\n|---|---|\n{listed}\n"
        f"Tests that hold for columns:\n\n| test | holds where a value is |\n|---|---|\n{tests}"
        + "".join(map(_view, docs))
    )


def _view(doc: ViewDoc) -> str:
    lines = [f"\n## {doc.name}\n", f"**{doc.question}**\n", f"A row: {doc.grain}"]
    if doc.parameters:
        lines.append(f"\nCalled with: {', '.join(f'`{name}`' for name in doc.parameters)}.")
    lines.append("\n| column | tests | what it is |\n|---|---|---|")
    lines += [
        f"| `{column.name}` | {' '.join(f'`{_cell(test)}`' for test in column.tests)} | {_cell(column.text)} |"
        for column in doc.columns
    ]
    if doc.notes:
        lines.append(f"\n{doc.notes}")
    if doc.source:
        lines.append(f"\nSource: {doc.source}")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    made = page(view_docs())
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text() != made:
            sys.exit("docs/views.md is not what the views' comments say: run python .ci/views.py")
    else:
        PAGE.write_text(made)
