"""What one query of a reader may take, and the settings that it may come with."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Final

from sinks.clickhouse.embedded.answers import EngineError, refusal
from sinks.clickhouse.embedded.catalogue import is_free

NAMES: Final = ("max_memory_usage", "max_execution_time", "max_result_bytes")
"""Settings that may be asked for up to the server's own."""
MAX_THREADS: Final = 256


@dataclass(frozen=True)
class Limits:
    """What one query of a reader may take: bytes of memory, seconds, bytes of its answer."""

    memory: int = 4 * 1024**3
    seconds: float = 120.0
    answer: int = 100 * 1024**2

    def settings(self) -> dict[str, str]:
        """As the engine's settings."""
        values = (str(self.memory), f"{self.seconds:g}", str(self.answer))
        return dict(zip(NAMES, values, strict=True))

    def capped(self, name: str, value: str) -> str:
        """The value to use for a setting of a URL, given its `name` and `value`: a limit above ours is cut to ours."""
        own = self.settings().get(name)
        return value if own is None or _within(value, float(own)) else own

    def check(self, name: str, value: Any, known: Container[str]) -> None:
        """Raises EngineError when setting `name` to `value` could lift a limit or reach a file.

        A name that is not among the `known` ones is left to the engine, whose message is better.
        """
        if (own := self.settings().get(name)) is not None:
            if not _within(value, float(own)):
                raise _constrained(name, f"be above 0 and not greater than {own} here")
        elif name == "max_threads":
            if not _within(value, MAX_THREADS) and str(value) not in ("0", "None"):  # None: DEFAULT
                raise _constrained(name, f"not be greater than {MAX_THREADS} here")
        elif name in known and not is_free(name):
            raise _constrained(name, "not be changed over HTTP: only those that shape an answer or tighten a limit")


def _constrained(name: str, what: str) -> EngineError:
    return refusal(452, "SETTING_CONSTRAINT_VIOLATION", f"Setting {name} should {what}")


def _within(value: Any, highest: float) -> bool:
    try:
        return 0 < float(value) <= highest
    except (TypeError, ValueError):
        return False
