"""The page's client of ClickHouse: opened when something is asked, for one question at a time, on one thread."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import UnavailableError
from deploy.page.questions import LAST_DAY, Question, period

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.settings import Settings

FRUGAL: Final = {"max_threads": 1, "max_execution_time": 20}
"""Settings of a question: what it takes is taken from the sinks."""
REASON: Final = 200
"""Characters of an error that are shown."""


class ClickHouse:
    """Answers questions; a connection that fails is opened anew the next time. Not for two threads at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def days(self) -> tuple[date, date] | None:
        """The first and the last day of the page's totals; None without an event. Raises UnavailableError."""
        rows = self._query(LAST_DAY, parameters={"zone": self._settings.timezone}).result_rows
        last, today = rows[0]
        return period(last, today)

    def ask(self, question: Question, days: tuple[date, date]) -> Any:
        """The part of the page that a `question` is about, over the `days` from the first to the last one.

        Raises UnavailableError.
        """
        sql = question.sql.format(first=days[0].isoformat(), last=days[1].isoformat())
        return question.shown(list(self._query(sql, settings=FRUGAL).named_results()))

    def close(self) -> None:
        """Let the connection go."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _query(self, sql: str, **given: Any) -> Any:
        from sinks.clickhouse import errors
        from sinks.clickhouse.client import connect, first_line

        try:
            if self._client is None:
                self._client = connect(self._settings)
            return self._client.query(sql, **given)
        except (*errors.CLIENT_ERRORS, errors.UnavailableError, errors.SchemaError) as problem:
            self.close()
            raise UnavailableError(first_line(problem)[:REASON]) from None
