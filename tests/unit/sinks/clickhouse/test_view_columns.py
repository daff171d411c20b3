"""What the comment of each view promises of its columns holds on the simulated shop, and on an empty database."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from sinks.clickhouse.export import over, view_reads
from sinks.clickhouse.view_docs import Column, ViewDoc, view_docs

DOCS = {doc.name: doc for doc in view_docs()}


def broken(doc: ViewDoc, column: Column, test: str, values: list[Any]) -> list[Any]:
    """The values of a column that break one of its tests."""
    kind = test.split(" ", maxsplit=1)[0]
    holds = {
        "key": lambda value: value is not None,
        "not_null": lambda value: value is not None,
        "rate": lambda value: value is None or 0 <= value <= 1,
        "count": lambda value: type(value) is int and value >= 0,
        "money": lambda value: isinstance(value, Decimal) and any(one.name == "currency" for one in doc.columns),
        "number": lambda value: value is None or math.isfinite(value),
        "one_of": lambda value: value in column.values,
    }[kind]
    return [value for value in values if not holds(value)]


@pytest.mark.parametrize("name", DOCS)
def test_columns_of_the_shop(shop: Any, name: str) -> None:
    """Columns are those that the comment names, in its order; each test of each holds; keys are unique."""
    doc = DOCS[name]
    answer = shop.query(f"SELECT * FROM {view_reads(shop)[name]}")  # noqa: S608
    described = shop.query(f"DESCRIBE TABLE (SELECT * FROM {view_reads(shop)[name]})")  # noqa: S608
    assert [row[0] for row in described.result_rows] == [column.name for column in doc.columns]
    found = answer.result_rows
    by_name = {column.name: [row[at] for row in found] for at, column in enumerate(doc.columns)}
    faults = [
        (column.name, test, broken(doc, column, test, by_name[column.name])[:3])
        for column in doc.columns
        for test in column.tests
        if broken(doc, column, test, by_name[column.name])
    ]
    assert faults == []
    keys = [column.name for column in doc.columns if "key" in column.tests]
    assert keys
    together = list(zip(*(by_name[key] for key in keys), strict=True))
    assert len(set(together)) == len(together)


@pytest.mark.parametrize("name", [doc.name for doc in DOCS.values() if doc.parameters])
def test_days_outside_the_shop(shop: Any, name: str) -> None:
    """A view over days has nothing to tell of a month in which nothing happened, and no error."""
    told = shop.query(f"SELECT * FROM {over(name, '1999-01-01', '1999-01-31')}")  # noqa: S608
    money = [at for at, column in enumerate(DOCS[name].columns) if "money" in column.tests]
    assert all(not row[at] for row in told.result_rows for at in money)
