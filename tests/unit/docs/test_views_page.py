"""The page of the views says what their comments say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sinks.clickhouse.migrate import Script
from sinks.clickhouse.view_docs import described

ROOT = Path(__file__).parents[3]


def test_the_page_is_of_the_comments() -> None:
    """docs/views.md is what `.ci/views.py` makes of the views now."""
    told = subprocess.run(
        [sys.executable, ".ci/views.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_a_comment_is_read() -> None:
    """All sections are read, lines that go on included, columns with their tests; parameters are found."""
    doc = described(Script("v_x.sql", (
        "-- Question: What\n--   is it?\n-- Grain: a day.\n-- Columns:\n--   day [key]: the day\n"
        "--   model [key, one_of a|b]: which\n--     one\n--   rest: more\n-- Notes: n.\n-- Source: s.\n"
        "CREATE VIEW v_x AS SELECT {from:Date}, {to:Date}, '{timezone}', {from:Date}\n"
    )))  # fmt: skip
    assert (doc.question, doc.grain, doc.notes, doc.source) == ("What is it?", "a day.", "n.", "s.")
    assert doc.parameters == ("from", "to")
    assert [(one.name, one.tests, one.values, one.text) for one in doc.columns] == [
        ("day", ("key",), (), "the day"),
        ("model", ("key", "one_of a|b"), ("a", "b"), "which one"),
        ("rest", (), (), "more"),
    ]


@pytest.mark.parametrize(("comment", "said"), [
    ("-- What?\n", "v_x.sql:1: neither a section"),
    ("-- Question: What?\n-- Grain: g\n", "no Columns"),
    ("-- Question: What?\n-- Grain: g\n-- Columns:\n--   a [odd]: b\n", "the test 'odd', which is none of"),
])  # fmt: skip
def test_another_form_is_refused(comment: str, said: str) -> None:
    """A comment in another form is refused, and told where and why."""
    with pytest.raises(ValueError, match=said):
        described(Script("v_x.sql", comment + "CREATE VIEW v_x AS SELECT 1\n"))
