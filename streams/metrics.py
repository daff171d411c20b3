"""Prometheus metrics of a stream worker (docs/contract.md section 6). Times are seconds; counters end in `_total`."""

from __future__ import annotations

from typing import Any, Final

from prometheus_client import Counter, Gauge, Histogram

from infra.metrics_server import build_version, process_registry
from schemas.reasons import DeadLetterReason
from schemas.topics import CHANNEL_TOPICS, CHANNELS, IDENTITY_LINKS, PROFILE_EVENTS

REGISTRY: Final = process_registry()
_FAST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 86400.0)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return Counter(name, text, labels, registry=REGISTRY)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return Gauge(name, text, labels, registry=REGISTRY)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return Histogram(name, text, labels, registry=REGISTRY, buckets=buckets)


EVENTS: Final = _counter("winback_events_total", "raw events read, by what became of them", "channel", "outcome")
DEAD_LETTERS: Final = _counter("winback_dead_letters_total", "records that could not be read", "reason")
UNKNOWN_NAMES: Final = _counter(
    "winback_unknown_event_names_total", "events whose name is not known and resembles one that acts", "resembles"
)
DUPLICATES: Final = _counter(
    "winback_duplicates_total", "events dropped because their message id was seen within a day"
)
LATE_EVENTS: Final = _counter("winback_late_events_total", "events older than the watermark when they came", "channel")
ERASED_EVENTS: Final = _counter(
    "winback_erased_events_total", "events of erased profiles that were on their way, dropped"
)
SEALED_EARLY: Final = _counter("winback_sealed_early_total", "events sealed early: their profile had too many waiting")
UNREADABLE: Final = _counter(
    "winback_unreadable_records_total", "records between tasks that are of no kind this version knows", "topic"
)
CHUNK_SECONDS: Final = _histogram("winback_chunk_seconds", "time to process one chunk", _FAST, "agent")
EVENT_AGE: Final = _histogram("winback_event_age_seconds", "age of a record when a stage takes it", _SLOW, "stage")
TRIGGER_DELAY: Final = _histogram("winback_trigger_delay_seconds", "from a trigger's due time to its decision", _SLOW)
CONSUMER_LAG: Final = _gauge("winback_consumer_lag", "records not yet processed", "topic", "partition")
WATERMARK_DELAY: Final = _gauge("winback_watermark_delay_seconds", "wall clock less the time all sources have reached")
SOURCE_DELAY: Final = _gauge(
    "winback_source_delay_seconds", "wall clock less the time of the source that holds it now", "topic", "partition"
)
SOURCE_DEAD: Final = _gauge("winback_source_dead", "1: time does not wait for this source", "topic", "partition")
PENDING_MERGES: Final = _gauge("winback_pending_merges", "identity changes not yet settled everywhere")
LARGEST_PROFILE: Final = _gauge("winback_largest_profile", "identifiers of the profile that has the most")
LINKS: Final = _counter("winback_links_total", "links by what was decided", "outcome")
CARTS: Final = _gauge("winback_carts", "carts by state", "state")
SEGMENT_CHANGES: Final = _counter(
    "winback_segment_changes_total", "customers who have entered a segment or left it", "segment", "change"
)
TRIGGERS: Final = _counter("winback_triggers_total", "campaigns triggered, by what became of it", "campaign", "outcome")
DECISIONS: Final = _counter("winback_decisions_total", "campaign decisions", "campaign", "outcome", "reason")
MESSAGES: Final = _counter("winback_messages_total", "messages decided on", "campaign", "channel")
STATE_KEYS: Final = _gauge("winback_state_keys", "keys of state, about", "agent")
COMMIT_SECONDS: Final = _histogram("winback_commit_seconds", "time to commit one unit", _FAST)
RESTORE_SECONDS: Final = _histogram("winback_restore_seconds", "time to restore one partition", _SLOW)
STATE_CORRUPT: Final = _counter(
    "winback_state_corrupt_total", "damaged state folders, moved aside and rebuilt from the changelog"
)
BEYOND_END: Final = _counter(
    "winback_offsets_beyond_end_total", "offsets beyond the end of a log: its broker has lost records", "topic"
)
BUILD_INFO: Final = _gauge("winback_build_info", "1, labelled with the version that runs", "version")

_BY_NAME: Final[dict[str, Any]] = {
    "winback_events_total": EVENTS,
    "winback_dead_letters_total": DEAD_LETTERS,
    "winback_unknown_event_names_total": UNKNOWN_NAMES,
    "winback_duplicates_total": DUPLICATES,
    "winback_late_events_total": LATE_EVENTS,
    "winback_links_total": LINKS,
    "winback_triggers_total": TRIGGERS,
    "winback_segment_changes_total": SEGMENT_CHANGES,
    "winback_decisions_total": DECISIONS,
    "winback_messages_total": MESSAGES,
    "winback_event_age_seconds": EVENT_AGE,
    "winback_trigger_delay_seconds": TRIGGER_DELAY,
    "winback_watermark_delay_seconds": WATERMARK_DELAY,
    "winback_source_delay_seconds": SOURCE_DELAY,
    "winback_source_dead": SOURCE_DEAD,
    "winback_pending_merges": PENDING_MERGES,
    "winback_largest_profile": LARGEST_PROFILE,
    "winback_carts": CARTS,
    "winback_state_keys": STATE_KEYS,
    "winback_sealed_early_total": SEALED_EARLY,
    "winback_erased_events_total": ERASED_EVENTS,
    "winback_unreadable_records_total": UNREADABLE,
}

for _reason in DeadLetterReason:
    DEAD_LETTERS.labels(_reason)
for _channel in CHANNELS:
    LATE_EVENTS.labels(_channel)
    for _outcome in ("accepted", "clamped", "erased", "dead_letter"):
        EVENTS.labels(_channel, _outcome)
for _topic in (*CHANNEL_TOPICS, PROFILE_EVENTS, IDENTITY_LINKS):
    BEYOND_END.labels(_topic)
# Counters are there at 0 from the start: what begins at 1 has not increased as far as Prometheus can tell.


class Drain:
    """Carries what the pure core counts to Prometheus, because the core cannot.

    A task may have `counts`, a Counter of (metric name, label values...), which is emptied into the counters;
    `gauges`, a mapping of the same keys to how things stand, which are summed over the partitions of this worker (a
    labelled one that none of them names any more is no longer shown); and
    `observed`, a list of ((metric name, label values...), seconds), which is emptied into the histograms. Unknown
    names raise KeyError.
    """

    def __init__(self) -> None:
        self._standing: dict[object, dict[tuple[str, ...], float]] = {}

    def counts(self, task: object) -> None:
        """Empty a task's counters and observations."""
        counts = getattr(task, "counts", None)
        if counts:
            for (name, *labels), n in counts.items():
                # Of 0 as well: then the series is there before the first of its kind happens.
                _labelled(name, labels).inc(n)
            counts.clear()
        observed = getattr(task, "observed", None)
        if observed:
            for (name, *labels), seconds in observed:
                _labelled(name, labels).observe(max(0.0, seconds))
            observed.clear()

    def gauges(self, owner: object, task: object) -> None:
        """Take over how things stand with one partition (`owner`)."""
        standing = getattr(task, "gauges", None)
        if standing is not None:
            before = self._standing.get(owner, {})
            self._standing[owner] = dict(standing)
            self._sum(standing.keys() | before.keys())

    def forget(self, owner: object) -> None:
        """A partition (`owner`) has left this worker."""
        self._sum(self._standing.pop(owner, {}))

    def _sum(self, keys: Any) -> None:
        for key in keys:
            parts = [standing[key] for standing in self._standing.values() if key in standing]
            if parts or len(key) == 1:
                _labelled(key[0], key[1:]).set(sum(parts))
            else:
                _BY_NAME[key[0]].remove(*key[1:])


def _labelled(name: str, labels: Any) -> Any:
    metric = _BY_NAME[name]
    return metric.labels(*labels) if labels else metric


def build_info() -> None:
    """Say which version runs."""
    BUILD_INFO.labels(build_version()).set(1)
