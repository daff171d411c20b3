"""The sections of the page ask for views and columns that there are."""

from __future__ import annotations

import re

import pytest

from deploy.report.model import Table
from deploy.report.sections import SECTIONS
from sinks.clickhouse.migrate import views
from sinks.clickhouse.view_docs import view_docs
from tests.support.report_views import COMING

DOCS = {doc.name: {column.name for column in doc.columns} for doc in view_docs()}
TABLES = [(section.id, table) for section in SECTIONS for table in section.tables]


def test_each_view_that_is_asked_for_is_made() -> None:
    """No section asks for a view that there is not; what is still to come is named, and no more than that."""
    made = {script.name.removesuffix(".sql") for script in views()}
    assert {asked.view for section in SECTIONS for asked in section.questions} - made <= COMING


@pytest.mark.parametrize(("section", "table"), TABLES, ids=[f"{one}-{two.caption}" for one, two in TABLES])
def test_each_column_that_is_shown_is_the_views(section: str, table: Table) -> None:
    """Columns of a table are those of its view, and those that it gives a name itself keep the name of one."""
    if table.asked.view not in DOCS:
        return  # it is not made yet, or does not say what its columns are: the test above, and that of all views
    told = DOCS[table.asked.view]
    shown = {*table.of, *table.counts, *table.money, *(name for name, _ in table.forms)}
    named = set(re.findall(r" AS (\w+)", table.asked.select))
    assert shown - named <= told, section
    if table.asked.select != "*":
        read = set(re.findall(r"\w+", table.asked.select))
        assert shown <= read, section


def test_sections_are_the_contracts() -> None:
    """All that the contract names is a section, in its order."""
    assert [section.id for section in SECTIONS] == [
        "overview", "channels", "goals", "search", "paid", "email", "social", "carts", "campaigns", "journeys",
        "pareto", "personas", "devices", "sources",
    ]  # fmt: skip
