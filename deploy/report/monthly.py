"""The monthly report of a ClickHouse as one HTML page."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from deploy.errors import BadInputError
from infra.metrics_server import build_version

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sinks.clickhouse.view_rows import Period

LIBRARIES: Final = ("altair", "vl_convert", "jinja2")
"""What draws and writes the page; the extra `analysis` brings it."""


def monthly(client: Client, timezone: str, asked: Period | None = None) -> str:
    """The page about a month, `asked` or the last that data go through to its end; days are those of `timezone`.

    Raises BadInputError when a library that draws or writes it is not installed, and what the client raises.
    """
    check_libraries()
    from deploy.report import months
    from deploy.report.drawing import main_currency
    from deploy.report.page import definitions, filled, render
    from deploy.report.sections import SECTIONS
    from deploy.report.sections.overview import KPIS, OVERVIEW, tiles
    from sinks.clickhouse.view_docs import view_docs
    from sinks.clickhouse.view_rows import days_of_data, read_views

    data = days_of_data(client, timezone)
    period = asked or months.latest(data, datetime.now(UTC).date())
    found = read_views(client, [asked for section in SECTIONS for asked in section.questions], period)
    before = read_views(client, OVERVIEW.asked, months.month_before(period))
    docs = {doc.name: doc for doc in view_docs()}
    currency = main_currency(found[KPIS].rows, "conversions") if KPIS in found else ""
    sections = [
        filled(section, found, docs, currency, tiles(found, before) if section is OVERVIEW else ())
        for section in SECTIONS
    ]
    return render(
        month=f"{period.first:%B %Y}", period=period, data=data, timezone=timezone, version=build_version(),
        sections=sections, definitions=definitions(SECTIONS, found, docs),
    )  # fmt: skip


def check_libraries() -> None:
    """Raises BadInputError when a library that draws or writes the page is not installed."""
    if missing := [name for name in LIBRARIES if find_spec(name) is None]:
        raise BadInputError(f"--html needs {', '.join(missing)}: pip install 'winback[analysis]'")
