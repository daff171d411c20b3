"""The ClickHouse side of the commands: reaching it, its report, its views as files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError, UnavailableError
from deploy.operate.retry import retry

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.record import Record
    from schemas.settings import Settings

LOADED_AT_ONCE: Final = 8 * 1024 * 1024
"""Bytes of rows in one insert of `load`."""
FRUGAL: Final = {
    "max_threads": 1,
    "max_block_size": 8192,
    "max_read_buffer_size": 32768,
    "max_read_buffer_size_local_fs": 32768,
    "max_joined_block_size_rows": 8192,
    "compile_expressions": 0,
    "compile_aggregate_expressions": 0,
}
"""A query over a few hundred thousand rows needs no more, and takes 100 MB less with these."""
FIRST_ROWS: Final = 1000
"""Rows of each view in the report of a run, whose files have them all."""
HINT: Final = "Start one with `winback up`, or name yours in WINBACK_CLICKHOUSE"


def shown(settings: Settings) -> str:
    """The DSN without user and password. Raises BadInputError when it cannot be one."""
    from sinks.clickhouse.client import target

    try:
        return target(settings).shown
    except ValueError as problem:
        raise BadInputError(str(problem)) from None


def connect(settings: Settings, *, wait: float, writes: bool = False) -> Client:
    """A client of a ClickHouse that answers, tried for up to `wait` seconds; `writes`: it will write.

    Raises BadInputError, UnavailableError.
    """
    from sinks.clickhouse import errors
    from sinks.clickhouse.client import connect as reach

    async def attempt() -> Client:
        return await asyncio.to_thread(reach, settings, writes=writes)

    where = f"ClickHouse at {shown(settings)}"
    try:
        return asyncio.run(retry(where, attempt, wait=wait, hint=HINT, on=(errors.UnavailableError,)))
    except errors.SchemaError as problem:
        raise UnavailableError(str(problem)) from None


def summary(
    settings: Settings, *, wait: float = 10.0, rows: int | None = FIRST_ROWS, daily: bool = True
) -> dict[str, Any]:
    """The report of a ClickHouse, waited for `wait` seconds, with `input.duplicates`.

    It has so many `rows` of each view, all without a number; of views by day only if `daily`. Raises BadInputError,
    UnavailableError.
    """
    client = connect(settings, wait=wait)
    try:
        return _report(client, settings, None, rows, daily=daily)
    finally:
        client.close()


def last_report(settings: Settings, out: Path | None) -> dict[str, Any]:
    """The report of a ClickHouse that nobody writes to any more, and nobody uses afterwards.

    With `out`, each view is a file in that folder. Raises BadInputError, UnavailableError.
    """
    from sinks.clickhouse.freeze import freeze

    client = connect(settings, wait=10.0, writes=True)
    try:
        freeze(client)
        return _report(client, settings, out)
    finally:
        client.close()


def load(settings: Settings, records: Iterable[Record], folder: Path) -> None:
    """Load some records into an embedded ClickHouse in an empty folder, as the sinks would."""
    from sinks.clickhouse import load as sink
    from sinks.clickhouse.batches import Limits
    from sinks.clickhouse.migrate import migrate

    client = _frugal(settings, folder)
    try:
        migrate(client, settings)
        # It is read once, and each query resolves what merges would have.
        client.command("SYSTEM STOP MERGES")
        sink.load(client, records, settings, limits=Limits(size=LOADED_AT_ONCE))
    finally:
        client.close()


def loaded(settings: Settings, folder: Path, out: Path | None) -> dict[str, Any]:
    """The report over what `load` has left in a folder; with `out`, each view is a file there.

    The database is not to be used again.
    """
    from sinks.clickhouse.freeze import freeze

    client = _frugal(settings, folder)
    try:
        freeze(client)
        return _report(client, settings, out)
    finally:
        client.close()


def _frugal(settings: Settings, folder: Path) -> Client:
    """An embedded ClickHouse in a folder that gives memory back after each statement, and takes little for one."""
    where = type(settings.clickhouse)(f"chdb:///{str(folder.resolve()).lstrip('/')}")
    client = connect(settings.model_copy(update={"clickhouse": where}), wait=0)
    for name, value in FRUGAL.items():
        client.command(f"SET {name} = {value}")
    purge = partial(client.command, "SYSTEM JEMALLOC PURGE")
    for name in ("query", "raw_query", "raw_insert"):
        setattr(client, name, _followed(getattr(client, name), purge))
    return client


def _followed(statement: Callable[..., Any], then: Callable[[], object]) -> Callable[..., Any]:
    """A function that runs the statement and then, also after an error, `then`."""

    def both(*given: Any, **named: Any) -> Any:
        try:
            return statement(*given, **named)
        finally:
            then()

    return both


def _report(
    client: Client, settings: Settings, out: Path | None, rows: int | None = FIRST_ROWS, *, daily: bool = True
) -> dict[str, Any]:
    from deploy.operate import event_names
    from sinks.clickhouse.export import export_views
    from sinks.clickhouse.report import duplicates, report

    if out is not None:
        export_views(client, out)
    told = {"input": {"duplicates": duplicates(client)}, **report(client, rows, daily=daily)}
    told["unknown_names"] = event_names.unknown(event_names.of(client, settings))
    return told


def warm() -> None:
    """Import the modules of the report, while there is nothing else to do."""
    import sinks.clickhouse.export
    import sinks.clickhouse.report
    import sinks.clickhouse.rows  # noqa: F401


def topics() -> list[str]:
    """The topics that the sinks read."""
    from sinks.clickhouse.rows import BY_TOPIC

    return list(BY_TOPIC)


def state(client: Client) -> str:
    """What to say when all migrations are applied. Raises UnavailableError when some are missing."""
    from clickhouse_connect.driver.exceptions import DatabaseError

    from sinks.clickhouse.migrate import migrations

    try:
        applied = {row[0] for row in client.query("SELECT number FROM schema_migrations FINAL").result_rows}
    except DatabaseError:
        applied = set()
    wanted = migrations()
    if missing := [script.name for script in wanted if script.number not in applied]:
        raise UnavailableError(f"{len(missing)} of {len(wanted)} migrations are missing: run `winback migrate`")
    return f"answers, all {len(wanted)} migrations are applied"
