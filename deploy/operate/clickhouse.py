"""The ClickHouse side of the commands: reaching it, its report, its views as files."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.errors import BadInputError, UnavailableError
from deploy.operate.patience import patiently

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from schemas.record import Record
    from schemas.settings import Settings

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
        return asyncio.run(patiently(where, attempt, wait=wait, hint=HINT, retry=(errors.UnavailableError,)))
    except errors.SchemaError as problem:
        raise UnavailableError(str(problem)) from None


def summary(settings: Settings, out: Path | None, *, wait: float = 10.0) -> dict[str, Any]:
    """The report of a ClickHouse, with `input.duplicates`; with `out`, each view is a file there."""
    client = connect(settings, wait=wait)
    try:
        return _report(client, out)
    finally:
        client.close()


def loaded(settings: Settings, records: Iterable[Record], out: Path | None) -> dict[str, Any]:
    """The same over some records, taken through a ClickHouse of their own in a temporary folder."""
    from sinks.clickhouse.load import load
    from sinks.clickhouse.migrate import migrate

    with tempfile.TemporaryDirectory(prefix="winback-") as folder:
        own = settings.model_copy(update={"clickhouse": type(settings.clickhouse)(f"chdb:///{folder.lstrip('/')}")})
        client = connect(own, wait=0)
        try:
            migrate(client)
            load(client, records, settings)
            return _report(client, out)
        finally:
            client.close()


def _report(client: Client, out: Path | None) -> dict[str, Any]:
    from sinks.clickhouse.export import export_views
    from sinks.clickhouse.report import duplicates, report

    if out is not None:
        export_views(client, out)
    return {"input": {"duplicates": duplicates(client)}, **report(client)}


def warm() -> None:
    """Import what the report will need, while there is nothing else to do."""
    import sinks.clickhouse.export
    import sinks.clickhouse.report
    import sinks.clickhouse.rows  # noqa: F401


def topics() -> list[str]:
    """The topics that the sinks read."""
    from sinks.clickhouse.rows import BY_TOPIC

    return list(BY_TOPIC)


def state(client: Client) -> str:
    """How far its migrations are. Raises UnavailableError when some are missing."""
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
