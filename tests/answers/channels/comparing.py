"""Rows of a view against rows that were computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest


def rows_of(client: Any, view: str, columns: str = "*") -> list[dict[str, Any]]:
    """The rows of a view, by column."""
    return list(client.query(f"SELECT {columns} FROM {view}").named_results())  # noqa: S608 - written in tests


def differences(
    found: Iterable[Mapping[str, Any]], wanted: Iterable[Mapping[str, Any]], keys: tuple[str, ...]
) -> list[Any]:
    """What differs, row by row: keys of one side alone, and columns with both values. Columns are those of `wanted`."""
    left = {tuple(row[key] for key in keys): row for row in found}
    right = {tuple(row[key] for key in keys): row for row in wanted}
    apart: list[Any] = [("only in the view", key) for key in left.keys() - right.keys()]
    apart += [("only computed", key) for key in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        for name, value in right[key].items():
            here = left[key][name]
            if not (here == pytest.approx(value) if isinstance(value, float) and here is not None else here == value):
                apart.append((key, name, here, value))
    return apart
