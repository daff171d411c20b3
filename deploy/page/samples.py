"""What the processes show to Prometheus, as samples that the page's numbers are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

WANTED: Final = (
    "winback_events_total", "winback_links_total", "winback_carts", "winback_decisions_total", "winback_messages_total",
    "winback_dead_letters_total", "winback_dispatch_total", "winback_dispatch_waiting", "winback_sink_rows_total",
    "winback_sink_buffered_rows", "winback_consumer_lag", "winback_watermark_delay_seconds",
    "winback_source_delay_seconds", "winback_source_dead", "winback_pending_merges", "winback_build_info",
    "process_start_time_seconds", "process_cpu_seconds_total", "process_resident_memory_bytes",
)  # fmt: skip
"""The metrics that the page reads; all other lines are passed over unread."""


class Sample(NamedTuple):
    """A number of one metric, with its labels."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Shown:
    """What one process showed `at` a moment (epoch seconds): its samples by metric; None where it does not answer.

    `restarts`: how often its supervisor has started it again, None where nobody counts.
    """

    name: str
    address: str
    at: float
    by_metric: Mapping[str, tuple[Sample, ...]] | None
    restarts: int | None = None

    def values(self, metric: str) -> Iterator[Sample]:
        """The samples of a `metric`."""
        yield from (self.by_metric or {}).get(metric, ())

    def number(self, metric: str) -> float | None:
        """The sum of all samples of a `metric`; None without any."""
        found = [sample.value for sample in self.values(metric)]
        return sum(found) if found else None


@dataclass(frozen=True)
class Look:
    """What all processes showed at a moment (`at`, epoch seconds)."""

    at: float
    processes: tuple[Shown, ...] = field(default=())

    def samples(self, metric: str) -> Iterator[Sample]:
        """The samples of a `metric` of all processes."""
        for process in self.processes:
            yield from process.values(metric)

    def by(self, metric: str, label: str, **only: str) -> Counter[str]:
        """The sums of a `metric` by the values of a `label`, over samples whose labels are as in `only`."""
        found: Counter[str] = Counter()
        for sample in self.samples(metric):
            if only.items() <= sample.labels.items():
                found[sample.labels.get(label, "")] += sample.value  # type: ignore[assignment]
        return found

    def total(self, metric: str, **only: str) -> float:
        """The sum of a `metric`, over samples whose labels are as in `only`."""
        return sum(sample.value for sample in self.samples(metric) if only.items() <= sample.labels.items())


def read(text: str) -> dict[str, tuple[Sample, ...]]:
    """The samples of WANTED metrics in a `text` of Prometheus's format. Raises ValueError for what is none."""
    from prometheus_client.parser import text_string_to_metric_families

    lines = [line for line in text.splitlines() if line.startswith(WANTED)]
    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families("\n".join(_plain(lines)) + "\n"):
        for sample in family.samples:
            if sample.name in WANTED:
                found.setdefault(sample.name, []).append(Sample(sample.name, sample.labels, sample.value))
    return {name: tuple(samples) for name, samples in found.items()}


def _plain(lines: Iterable[str]) -> Iterator[str]:
    """Lines of samples alone: `_created` of counters is a time, not a count."""
    yield from (line for line in lines if "_created" not in line.partition("{")[0].partition(" ")[0])
