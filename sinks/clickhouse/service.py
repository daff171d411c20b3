"""The sink process: migrations, the consumer, its metrics, and ClickHouse's HTTP interface while it is embedded."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aiokafka.errors import KafkaError
from clickhouse_connect.driver.exceptions import Error

from infra import garbage_collection
from infra.logs import configure_logging
from infra.retry import pauses, set_within
from infra.stopping import stop_signals
from schemas.settings import Settings
from sinks.clickhouse import embedded as http_interface
from sinks.clickhouse import metrics, sample_ratios
from sinks.clickhouse.client import connect, first_line, target
from sinks.clickhouse.compact import compact
from sinks.clickhouse.consumer import SinkConsumer
from sinks.clickhouse.errors import CLIENT_ERRORS, SchemaError, UnavailableError
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import BY_TOPIC
from sinks.clickhouse.unread_topics import UnreadTopics

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

log = logging.getLogger("winback.sinks")

LOOK_SECONDS: Final = 3_600.0
"""Between looks at the sizes of campaigns' arms."""
TOPIC_SECONDS: Final = 15.0
"""Between looks at the names of the broker's topics."""


def run(settings: Settings, *, http: bool = True) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP. Returns the exit code: 0 stopped, 1 failed, 2 a setting that cannot be used.

    `http`: serve ClickHouse's HTTP interface on `settings.http` while ClickHouse is embedded; a server serves its own.
    """
    configure_logging(settings)
    try:
        return asyncio.run(_main(settings, http=http))
    except ValueError as wrong:
        print(f"winback sinks: {wrong}", file=sys.stderr)  # noqa: T201 - the one line a user sees
        return 2
    except (SchemaError, UnavailableError, KafkaError, OSError) as error:
        print(f"winback sinks: {first_line(error)}", file=sys.stderr)  # noqa: T201
        return 1


async def _main(settings: Settings, *, http: bool) -> int:
    stopped = asyncio.Event()
    for number in stop_signals():
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    where = target(settings)
    if http and where.embedded:
        http_interface.checked(settings)
    metrics.serve(settings)
    garbage_collection.relax(20_000, 20, 50)
    client = await _prepared(settings, stopped)
    if client is None:
        return 0
    try:
        if not (http and where.embedded):
            await _consume(settings, client, stopped)
            return 0
        async with http_interface.serve(settings):
            await _consume(settings, client, stopped)
    finally:
        client.close()
    return 0


async def _consume(settings: Settings, client: Client, stopped: asyncio.Event) -> None:
    consumer = SinkConsumer(settings, client, empty=await asyncio.to_thread(has_no_rows, client))
    running = asyncio.create_task(consumer.run())
    compacting = asyncio.create_task(_compact(settings, consumer, stopped)) if settings.squash else None
    looking = asyncio.create_task(_look(settings, consumer, stopped))
    naming = asyncio.create_task(_look_at_topics(consumer, stopped))
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    consumer.stop()
    waiting.cancel()
    stopped.set()
    if compacting is not None:
        await compacting
    await looking
    await naming
    await running


def has_no_rows(client: Client) -> bool:
    """Whether no table that a topic fills has a row."""
    read = " UNION ALL ".join(f"(SELECT 1 FROM {table.name} LIMIT 1)" for table in BY_TOPIC.values())  # noqa: S608
    return not client.query(f"SELECT count() FROM ({read})").result_rows[0][0]  # noqa: S608


async def _look_at_topics(consumer: SinkConsumer, stopped: asyncio.Event) -> None:
    """From time to time, until told to stop: what the one process that reads the assignments alone sees is shown."""
    unread = UnreadTopics()
    while not stopped.is_set():
        await set_within(stopped, TOPIC_SECONDS)
        if stopped.is_set():
            return
        try:
            unread.show(await consumer.consumer.topics() if consumer.leads else ())
        except KafkaError as error:
            log.warning("names of topics are not looked at now: %s", first_line(error))


async def _look(settings: Settings, consumer: SinkConsumer, stopped: asyncio.Event) -> None:
    """From time to time, until told to stop."""
    while not stopped.is_set():
        await set_within(stopped, LOOK_SECONDS)
        if not stopped.is_set():
            await _show_ratios(settings, leads=consumer.leads)


async def _show_ratios(settings: Settings, *, leads: bool) -> None:
    """Show whether arms have the sizes that were drawn, in the process that reads the assignments alone."""

    def look() -> None:
        with closing(connect(settings)) as client:
            sample_ratios.look(client, datetime.now(UTC).date())

    try:
        if leads:
            await asyncio.to_thread(look)
        else:
            metrics.SAMPLE_RATIO.clear()
    except (*CLIENT_ERRORS, SchemaError, UnavailableError) as error:
        log.warning("sizes of arms are not looked at now: %s", first_line(error))


async def _compact(settings: Settings, consumer: SinkConsumer, stopped: asyncio.Event) -> None:
    """From time to time, in the one process that reads the assignments, until told to stop."""
    while not stopped.is_set():
        await set_within(stopped, settings.squash_interval)
        try:
            if not stopped.is_set() and consumer.leads:
                await asyncio.to_thread(_compact_once, settings, lambda: consumer.leads and not stopped.is_set())
        except (*CLIENT_ERRORS, SchemaError, UnavailableError) as error:
            log.warning("no month is made one part now: %s", first_line(error))


def _compact_once(settings: Settings, go_on: Callable[[], bool]) -> None:
    with closing(connect(settings, writes=True)) as client:
        for done in compact(client):
            metrics.SQUASHED.labels(done).inc()
            log.info("a quiet month is one part now")
            if not go_on():
                return


async def _prepared(settings: Settings, stopped: asyncio.Event) -> Client | None:
    """A client of a migrated database; waits for ClickHouse as long as it takes. None when told to stop meanwhile."""
    for pause in pauses():
        if stopped.is_set():
            break
        try:
            return await asyncio.to_thread(_open, settings)
        except UnavailableError as error:
            log.warning("%s; again in %.1f s", error, pause)
            await set_within(stopped, pause)
    return None


def _open(settings: Settings) -> Client:
    client = connect(settings, writes=True)
    try:
        for name in migrate(client, settings):
            log.info("migration applied: %s", name)
    except Error as error:
        client.close()
        raise UnavailableError(f"ClickHouse at {target(settings).shown}: {first_line(error)}") from error
    except SchemaError:
        client.close()
        raise
    return client
