"""One stream worker process: waits for the broker, runs the app, stops cleanly on a signal, ends loudly on an error."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

import structlog

from infra import garbage_collection
from infra.folders import private
from infra.logs import configure_logging
from infra.metrics_server import serve_registry
from infra.stopping import stop_signals
from schemas.settings import Settings
from schemas.topics import catalog
from streams import metrics
from streams.app import build
from streams.runtime.errors import UnfitStateError, WorkerError
from streams.runtime.faust_shell.app import WinbackApp
from streams.runtime.faust_shell.stale_members import StaleMemberReaper
from streams.runtime.faust_shell.watchdog import Watchdog
from streams.runtime.state.broker import wait_for_broker
from streams.runtime.state.secret import NAME, SecretCheck

log = structlog.get_logger("winback.worker")

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
STOP_SECONDS: Final = 40.0
"""How long a clean stop may take: the chunk at hand, its unit, its commit."""
STATE_ENTRIES: Final = ("identify", "journey", NAME)
"""How the names of what is in a state folder begin."""
DROP_SECONDS: Final = 5.0
"""How long letting go may take after a failure."""


def run(settings: Settings, make: Callable[[Settings], WinbackApp] = build) -> int:
    """Run a worker until SIGTERM, SIGINT or SIGHUP; returns the exit code.

    0 stopped cleanly, 1 failed, 2 cannot start as set.

    `make` builds the app; it is called inside the event loop.
    """
    configure_logging(settings)
    if (refused := _refused(settings)) is not None:
        _say(refused)
        return EXIT_USAGE
    metrics.build_info()
    try:
        serve_registry(settings, metrics.REGISTRY)
    except (OSError, ValueError) as error:
        _say(f"{error}; set another address with WINBACK_METRICS")
        return EXIT_USAGE
    return asyncio.run(_main(settings, make))


def _refused(settings: Settings) -> str | None:
    """Why the state folder cannot be used; None if it can. It is made, or tightened, for this user alone."""
    if settings.state == "memory":
        return None
    try:
        private(settings.state_dir, ours=STATE_ENTRIES)
        SecretCheck(settings.secret.get_secret_value(), settings.state_dir).folder()
    except OSError as error:
        return f"{settings.state_dir} (WINBACK_STATE_DIR) cannot be used as a state folder: {error}"
    except UnfitStateError as error:
        return str(error)
    return None


def _say(what: str) -> None:
    """Print a line for whoever started the worker."""
    print(f"winback: {what}", file=sys.stderr)  # noqa: T201


async def _main(settings: Settings, make: Callable[[Settings], WinbackApp]) -> int:
    stop = asyncio.Event()
    for number in stop_signals():
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        ready = asyncio.ensure_future(wait_for_broker(settings, catalog(settings.partitions)))
        if not await _first(ready, stop):
            return 0
        ready.result()
    except WorkerError as error:
        log.critical("the worker cannot start", reason=str(error))
        return EXIT_USAGE
    try:
        app = make(settings)
    except ValueError as error:
        _say(str(error))
        return EXIT_USAGE
    dog = Watchdog(app.engine)
    goodbyes: asyncio.Future[None] | None = None
    try:
        await app.engine.start()
        dog.start()
        goodbyes = asyncio.ensure_future(StaleMemberReaper(settings).run())
        garbage_collection.relax_for_records()
        log.info("started", kafka=settings.kafka, group=settings.group, state=settings.state, pid=os.getpid())
        reason = await _until_over(app, stop)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, it ends the worker and says so
        reason = error
    await dog.stop()
    if goodbyes is not None:
        goodbyes.cancel()
    if reason is None:
        log.info("stopping")
        app.engine.stop_feeding()
        reason = await _within(STOP_SECONDS, app.engine.stop(), "finishing and committing what was at hand")
        if reason is None and app.engine.failure is None:
            left = await _within(DROP_SECONDS, app.stop(), "leaving the consumer group")
            log.info("stopped")
            return 0 if left is None else _exit(0)
    app.engine.fail(reason or app.engine.failure or WorkerError("the worker failed"))
    await _within(DROP_SECONDS, _drop(app), "leaving the consumer group")
    if isinstance(app.engine.failure, UnfitStateError):
        _say(str(app.engine.failure))
        return _exit(EXIT_USAGE)
    return _exit(EXIT_FAILED)


async def _within(seconds: float, work: Coroutine[Any, Any, Any], what: str) -> BaseException | None:
    """Do something that may hang; None when it is done in time, else why not. It is not waited for any longer."""
    task = asyncio.ensure_future(work)
    await asyncio.wait((task,), timeout=seconds)
    if not task.done():
        return WorkerError(f"{what} took longer than {seconds:g} s")
    if task.cancelled():  # Faust cancels what waits in it when it crashes
        return WorkerError(f"{what} was cancelled")
    return task.exception()


def _exit(code: int) -> int:
    """End the process now: threads and tasks of Faust's may hang in what has failed, and nobody needs them."""
    with suppress(OSError):  # a terminal that is closed takes nothing any more
        sys.stderr.flush()
    os._exit(code)


async def _until_over(app: WinbackApp, stop: asyncio.Event) -> BaseException | None:
    """Run until told to stop (None) or until something fails (what it was)."""
    parts: list[asyncio.Future[Any]] = [
        asyncio.ensure_future(app.start()),
        asyncio.ensure_future(app.engine.failed.wait()),
        asyncio.ensure_future(stop.wait()),
        asyncio.ensure_future(app.wait_until_stopped()),
    ]
    starting, failed, stopping, crashed = parts
    try:
        await asyncio.wait((starting, failed, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await asyncio.wait((failed, stopping, crashed), return_when=asyncio.FIRST_COMPLETED)
        if app.engine.failure is not None or stop.is_set():
            return app.engine.failure
        return app.crash_reason or WorkerError("Faust has stopped by itself")
    finally:
        for part in parts[1:]:
            part.cancel()


async def _drop(app: WinbackApp) -> None:
    """Leave the group without finishing anything, so that others may take over at once."""
    await app.engine.abandon()
    await app.stop()
    await app.engine.disconnect()


async def _first(work: asyncio.Future[Any], stop: asyncio.Event) -> bool:
    """Whether the work was done before the stop came."""
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not work.done():
        work.cancel()
        return False
    return True
