"""Rows of a view beside the rows that it should have."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Any


def rows_of(client: Any, read: str) -> list[dict[str, Any]]:
    """The rows of a view, as dictionaries; `read` is what stands after FROM."""
    return list(client.query(f"SELECT * FROM {read}").named_results())  # noqa: S608 - written in tests


def same(client: Any, read: str, expected: Sequence[dict[str, Any]], keys: Sequence[str]) -> int:
    """Assert that a view has exactly these rows, found by their keys, in any order; returns how many there are.

    Numbers with a fraction may differ by rounding of the machine, nothing else.
    """
    found = {tuple(row[key] for key in keys): row for row in rows_of(client, read)}
    wanted = {tuple(row[key] for key in keys): row for row in expected}
    assert len(wanted) == len(expected)
    assert found.keys() == wanted.keys()
    differences = [
        (key, name, found[key][name], value)
        for key, row in wanted.items()
        for name, value in row.items()
        if not _equal(found[key][name], value)
    ]
    assert differences == []
    assert all(found[key].keys() == row.keys() for key, row in wanted.items())
    return len(found)


def _equal(found: Any, value: Any) -> bool:
    if isinstance(found, float) and isinstance(value, float):
        return isclose(found, value, rel_tol=1e-9, abs_tol=1e-12)
    return bool(found == value)
