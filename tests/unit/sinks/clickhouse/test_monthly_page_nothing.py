"""The monthly page of a database without a row: read directly, and over HTTP as a reader who may only SELECT."""

from __future__ import annotations

import asyncio
from typing import Any

import clickhouse_connect
import pytest

from deploy.report.monthly import monthly
from deploy.report.sections import SECTIONS
from tests.support.html_reading import read

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

pytestmark = pytest.mark.slow  # the page asks some thirty questions of views


def test_a_database_without_data_has_a_page(client: Any) -> None:
    """Each section is there and says that nothing happened; nothing fails."""
    html = monthly(client, "UTC")
    assert "There is no data yet." in html
    seen = read(html)
    assert seen.faults == []
    assert {section.id for section in SECTIONS} <= set(seen.ids)
    assert html.count("Nothing of this happened in the month.") >= len(SECTIONS) // 2
    assert "migrate" not in html


@pytest.mark.usefixtures("client")
async def test_a_reader_over_http_gets_the_page(address: tuple[str, int]) -> None:
    """The embedded ClickHouse lets a reader ask all that the page asks."""

    def ask() -> str:
        with clickhouse_connect.get_client(host=address[0], port=address[1], database="winback") as remote:
            return monthly(remote, "UTC")

    html = await asyncio.to_thread(ask)
    assert html.count("Nothing of this happened in the month.") >= len(SECTIONS) // 2
    assert "migrate" not in html
