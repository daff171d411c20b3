"""What a run has cost: wall clock, and processor time (user and system) of each process that took part."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time a process has used so far, its threads and its children that have ended included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


@dataclass(frozen=True)
class Run:
    """One measured run of `events` events: `cpu` in seconds, by process."""

    events: int
    seconds: float
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds

    @property
    def cpu_each(self) -> dict[str, float]:
        """Microseconds of processor time an event, by process."""
        return {name: seconds / self.events * 1e6 for name, seconds in self.cpu.items()}


class Meter:
    """`stop()` gives what has passed since it was made; `own` is what this process is called."""

    def __init__(self, pids: Mapping[str, int], own: str = "publisher") -> None:
        self._pids = pids
        self._own = own
        self._cpu = self._read()
        self._began = time.perf_counter()

    def stop(self, events: int) -> Run:
        """The run up to now."""
        seconds = time.perf_counter() - self._began
        return Run(events, seconds, {name: used - self._cpu[name] for name, used in self._read().items()})

    def _read(self) -> dict[str, float]:
        return {**{name: cpu_seconds(pid) for name, pid in self._pids.items()}, self._own: time.process_time()}
