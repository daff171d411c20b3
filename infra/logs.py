"""Log lines of a process, on standard error, as text or JSON.

A process's own lines come at the level asked for, those of libraries from warnings up, and nobody's data in any.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from time import monotonic
from typing import Any

import structlog

from infra.errors import describe
from schemas.settings import Settings


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
    handler.addFilter(Repeats())
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


class Repeats(logging.Filter):
    """Lets a library's line through once in ten seconds: aiokafka says ten times a second that a broker is away."""

    EVERY = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show a record."""
        if record.name.startswith("winback"):
            return True
        line, now = (record.name, str(record.msg)), monotonic()
        if now - self._said.get(line, -self.EVERY) < self.EVERY:
            return False
        self._said[line] = now
        return True


def _no_traceback(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception is shown as its kind and place; its message may quote a record."""
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and isinstance(info[1], BaseException):
        event["error"] = describe(info[1])
    return event
