"""The picture of the cart machine."""

from __future__ import annotations

from pathlib import Path

from streams.core.cart.diagram import mermaid

PAGE = Path(__file__).parents[5] / "docs" / "cart.md"


def test_the_page_shows_the_machine_that_runs():
    """docs/cart.md holds the diagram drawn from the table, to the letter."""
    assert f"```mermaid\n{mermaid()}```" in PAGE.read_text(encoding="utf-8")
