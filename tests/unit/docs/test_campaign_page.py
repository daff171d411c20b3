"""The page on testing campaigns is true: its lines run, and what they assert holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


def blocks() -> list[str]:
    """The page's blocks of Python, in their order."""
    return re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs/testing-campaigns.md").read_text(), re.MULTILINE | re.DOTALL
    )


def test_lines_run(monkeypatch):
    """All blocks, one after another, as a reader would type them at the repository's root."""
    monkeypatch.chdir(ROOT)
    space: dict[str, Any] = {}
    assert len(blocks()) == 3
    for block in blocks():
        exec(compile(block, "docs/testing-campaigns.md", "exec"), space)  # noqa: S102 - the repository's own page


def test_it_takes_ten_lines():
    """The first block is what its heading promises."""
    assert len([line for line in blocks()[0].splitlines() if line.strip()]) <= 10


def test_an_assertion_of_the_page_can_fail(monkeypatch):
    """With the cart below the campaign's least value, the first block's test of the campaign fails."""
    monkeypatch.chdir(ROOT)
    first = blocks()[0].replace('"price": 90', '"price": 9')
    try:
        exec(compile(first, "docs/testing-campaigns.md", "exec"), {})  # noqa: S102 - the repository's own page
    except ValueError:
        return
    raise AssertionError("a message for a cart that is not worth one")
