"""One stream worker process: waits for the broker, runs the app, stops cleanly on a signal, ends loudly on an error."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog
from prometheus_client import start_http_server

from schemas.settings import Settings
from schemas.topics import catalog
from streams import metrics
from streams.app import build
from streams.runtime.broker import wait_for_broker
from streams.runtime.departed import Departed
from streams.runtime.errors import WorkerError, describe
from streams.runtime.shell import WinbackApp
from streams.runtime.watchdog import Watchdog

log = structlog.get_logger("winback.worker")

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
STOP_SECONDS: Final = 40.0
"""How long a clean stop may take: the chunk at hand, its unit, its commit."""
DROP_SECONDS: Final = 5.0
"""How long letting go may take after a failure."""


def run(settings: Settings, make: Callable[[Settings], WinbackApp] = build) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the exit code: 0 stopped cleanly, 1 failed, 2 cannot start as set.

    `make` builds the app; it is called inside the event loop.
    """
    configure_logging(settings)
    metrics.build_info()
    if settings.metrics:
        host, _, port = settings.metrics.rpartition(":")
        try:
            start_http_server(int(port), host or "127.0.0.1", registry=metrics.REGISTRY)
        except (OSError, ValueError) as error:
            print(f"winback: cannot serve metrics at {settings.metrics} (WINBACK_METRICS): {error}", file=sys.stderr)  # noqa: T201
            return EXIT_USAGE
    return asyncio.run(_main(settings, make))


async def _main(settings: Settings, make: Callable[[Settings], WinbackApp]) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
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
        print(f"winback: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_USAGE
    dog = Watchdog(app.engine)
    goodbyes: asyncio.Future[None] | None = None
    try:
        await app.engine.start()
        dog.start()
        goodbyes = asyncio.ensure_future(Departed(settings).run())
        # Records live shorter than a collection takes: the default thresholds cost a third of the time of a chunk.
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)
        log.info("started", kafka=settings.kafka, group=settings.group, state=settings.state, pid=os.getpid())
        reason = await _until_over(app, stop)
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends the worker and says so
        reason = error
    await dog.stop()
    if goodbyes is not None:
        goodbyes.cancel()
    if reason is None:
        with suppress(TimeoutError):
            return await asyncio.wait_for(_stop(app), STOP_SECONDS)
        reason = WorkerError(f"a clean stop took longer than {STOP_SECONDS:g} s")
    app.engine.fail(reason)
    with suppress(Exception):
        await asyncio.wait_for(_drop(app), DROP_SECONDS)
    sys.stderr.flush()
    # Threads of Faust's may hang in whatever has failed; nothing of them is needed any more.
    os._exit(EXIT_FAILED)


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


async def _stop(app: WinbackApp) -> int:
    """Finish and commit what is at hand, leave the group."""
    log.info("stopping")
    app.engine.stop_feeding()
    await app.engine.stop()
    with suppress(TimeoutError):
        await asyncio.wait_for(app.stop(), DROP_SECONDS)
    if app.engine.failure is not None:
        return EXIT_FAILED
    log.info("stopped")
    return 0


async def _drop(app: WinbackApp) -> None:
    """Leave the group without finishing anything, so that others may take over at once."""
    await app.engine.disconnect()
    await app.stop()


async def _first(work: asyncio.Future[Any], stop: asyncio.Event) -> bool:
    """Whether the work was done before the stop came."""
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not work.done():
        work.cancel()
        return False
    return True


def configure_logging(settings: Settings) -> None:
    """Our own log lines at the level asked for, libraries' from warnings up: their debug lines hold keys and values."""
    level = logging.getLevelName(settings.log_level.upper())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _no_traceback, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("winback").setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _no_traceback(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """An exception is shown as its kind and place; its message may quote a record."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and isinstance(info[1], BaseException):
        event["error"] = describe(info[1])
    return event
