"""Rows of the views over some days, as the monthly report reads them: each view once, with the SQL that was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from sinks.clickhouse.export import EVER, over, view_parameters

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

MOST_ROWS: Final = 100_000
"""Rows of one view that are read at most."""
DATED: Final = r"""
SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'day' AND table LIKE 'v\\_%'
"""
ALL_DAYS: Final = """
SELECT min(toDate(event_time, {zone:String})), max(toDate(event_time, {zone:String})), count() FROM current_events
"""


@dataclass(frozen=True)
class Period:
    """Days of the shop from `first` to `last`, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Asked:
    """What is asked of a view, all of it by default: columns (`select`), of rows (`where`), summed up by `group`.

    `days`: over so many days to the end of the period, instead of over the period.
    """

    view: str
    select: str = "*"
    where: str = ""
    group: str = ""
    days: int = 0

    def over(self, period: Period) -> Period:
        """The days that are asked about."""
        return Period(period.last - timedelta(days=self.days - 1), period.last) if self.days else period


@dataclass(frozen=True)
class ViewRows:
    """What a view answered: the SQL that was asked, the rows by column, and how many more there are than were read.

    `days` are those of the rows; None of a view without days, whose rows are of all that there is.
    """

    sql: str
    rows: tuple[dict[str, Any], ...]
    days: Period | None
    left_out: int = 0


def read_views(client: Client, questions: Iterable[Asked], period: Period) -> dict[Asked, ViewRows]:
    """Of each question whose view the database has, the rows; the others are absent.

    A view over days is called with them, another one that has a `day` is filtered by it, and of one with neither the
    rows are of all time. Raises what the client raises.
    """
    parameters = view_parameters(client)
    dated = {row[0] for row in client.query(DATED).result_rows}
    found = {}
    for asked in dict.fromkeys(questions):
        if asked.view in parameters:
            takes_days = not parameters[asked.view].isdisjoint(EVER)
            days = asked.over(period) if takes_days or asked.view in dated else None
            found[asked] = _read(client, _sql(asked, days, takes_days=takes_days), days)
    return found


def days_of_data(client: Client, timezone: str) -> Period | None:
    """The first and the last day, in the time zone `timezone`, on which anything happened; None if nothing did."""
    first, last, events = client.query(ALL_DAYS, parameters={"zone": timezone}).result_rows[0]
    return Period(first, last) if events else None


def _sql(asked: Asked, days: Period | None, *, takes_days: bool) -> str:
    conditions = [asked.where] if asked.where else []
    source = asked.view
    if days is not None and takes_days:
        source = over(asked.view, days.first.isoformat(), days.last.isoformat())
    elif days is not None:
        conditions.append(f"day BETWEEN '{days.first}' AND '{days.last}'")
    sql = f"SELECT {asked.select} FROM {source}"  # noqa: S608 - names of ours
    if conditions:
        sql += f" WHERE {' AND '.join(conditions)}"
    return f"{sql} GROUP BY {asked.group} ORDER BY {asked.group}" if asked.group else sql


def _read(client: Client, sql: str, days: Period | None) -> ViewRows:
    found = tuple(client.query(f"{sql} LIMIT {MOST_ROWS + 1}").named_results())
    left_out = 0
    if len(found) > MOST_ROWS:
        left_out = client.query(f"SELECT count() FROM ({sql})").result_rows[0][0] - MOST_ROWS  # noqa: S608
    return ViewRows(sql, found[:MOST_ROWS], days, left_out)
