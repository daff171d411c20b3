"""The monthly page of a database without a row."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.report.monthly import monthly
from deploy.report.sections import SECTIONS
from tests.support.html_reading import read

pytest.importorskip("altair")
pytest.importorskip("vl_convert")


@pytest.mark.slow
def test_a_database_without_data_has_a_page(client: Any) -> None:
    """Each section is there and says that nothing happened; nothing fails."""
    html = monthly(client, "UTC")
    assert "There is no data yet." in html
    seen = read(html)
    assert seen.faults == []
    assert {section.id for section in SECTIONS} <= set(seen.ids)
    assert html.count("Nothing of this happened in the month.") >= len(SECTIONS) // 2
