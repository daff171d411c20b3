"""The collector's process: HTTP in, a spool, and a sender to Kafka, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from collector import metrics
from collector.app import Collector
from collector.intake import Intake
from collector.keys import Keys, load
from collector.producing import LEAVING, TICK, Sender
from collector.rights import Rights
from collector.spool.spool import Spool
from infra.addresses import parse_address
from infra.compression import compress_lightly
from infra.garbage_collection import relax
from infra.logs import configure_logging
from infra.stopping import stop_signals
from schemas.aliases import shop_file
from schemas.settings import Settings

log = logging.getLogger("winback.collect")

DEFAULT: Final = "127.0.0.1:8090"
"""Where it listens when WINBACK_COLLECT says nothing."""
MAX_LINE: Final = 64 * 1024
"""Bytes of a request's address and of each of its headers: events may come in the address."""
SHUTDOWN: Final = 10.0

Routes = Callable[[Settings, Intake], Sequence[web.RouteDef]]
"""Makes routes that write to an intake: callbacks of providers, webhooks of shops, the shop's own API."""


def run(settings: Settings, more: Sequence[Routes] = ()) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP, with `more` routes. Returns 0 stopped, 1 failed, 2 an unusable setting."""
    configure_logging(settings)
    compress_lightly()
    relax(50_000, 20, 100)  # what a request makes dies with it
    try:
        return asyncio.run(_main(settings, more))
    except ValueError as wrong:
        print(f"winback collect: {wrong}", file=sys.stderr)  # noqa: T201 - the one line a user sees
        return 2
    except OSError as error:
        print(f"winback collect: {error}", file=sys.stderr)  # noqa: T201
        return 1


async def _main(settings: Settings, more: Sequence[Routes]) -> int:
    stopped = asyncio.Event()
    for number in stop_signals():
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await serve(settings, stopped, more)
    return 0


async def serve(
    settings: Settings, stopped: asyncio.Event, more: Sequence[Routes] = (),
    ready: Callable[[str, int], None] = lambda *_: None,
) -> None:  # fmt: skip
    """Serve until `stopped` is set; `ready` is told the address once it listens.

    Raises ValueError for settings that cannot be used, OSError for an address or a folder that cannot be.
    """
    host, port, keys = checked(settings, more)
    rights = Rights(shop_file.load(settings.aliases))
    metrics.serve(settings)
    metrics.SPOOL_BOUND.set(settings.collect_spool)
    spool = Spool(settings.collect_dir, settings.collect_spool)
    sender = Sender(settings, spool, settings.collect_keep)
    collector = Collector(keys, rights, spool, settings.collect_max_body, spool)
    app = collector.app([route for routes in more for route in routes(settings, spool)])
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN, auto_decompress=False,
        max_line_size=MAX_LINE, max_field_size=MAX_LINE,
    )  # fmt: skip
    await runner.setup()
    closing = asyncio.Event()
    # When one of them ends the process does: nothing may be taken that nobody keeps or sends.
    tasks = [asyncio.create_task(one) for one in (sender.run(closing), spool.run(), sender.watch())]
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as taken:
            raise OSError(f"WINBACK_COLLECT={host}:{port}: cannot listen there ({taken.strerror})") from taken
        bound = runner.addresses[0]
        log.info("collecting on %s:%d, %d keys", bound[0], bound[1], len(keys.sources))
        ready(bound[0], bound[1])
        waiting = asyncio.create_task(stopped.wait())
        ended, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in ended:
            task.result()
    finally:
        # First those who ask, so that what they are answered for is on disk; then what is on disk, as far as it goes.
        await runner.cleanup()
        closing.set()
        spool.appended.set()
        await asyncio.wait(tasks[:1], timeout=LEAVING + TICK)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        spool.close()


def checked(settings: Settings, more: Sequence[Routes]) -> tuple[str, int, Keys]:
    """Returns host and port to listen at by the `settings`, and write keys, which `more` routes can do without.

    Raises ValueError: one line with the setting that cannot be used.
    """
    host, port = parse_address(settings.collect or DEFAULT, "WINBACK_COLLECT")
    if settings.collect_keys is not None:
        return host, port, load(settings.collect_keys)
    if not more:
        raise ValueError("WINBACK_COLLECT_KEYS: name the YAML file of write keys (docs/producers.md says how)")
    return host, port, Keys()
