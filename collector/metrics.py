"""What a collector shows to Prometheus, in a registry of its own (names and labels are the contract's)."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from infra.metrics_server import build_info, build_version, process_registry, serve_registry
from schemas.settings import Settings

REGISTRY: Final = process_registry()
REQUESTS: Final = Counter(
    "winback_collect_requests_total", "Requests by what was answered", ["dialect", "status"], registry=REGISTRY
)
EVENTS: Final = Counter(
    "winback_collect_events_total", "Messages of requests by what became of them", ["source", "outcome"],
    registry=REGISTRY,
)  # fmt: skip
SECONDS: Final = Histogram(
    "winback_collect_seconds", "How long a request took, until its events were safe", registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
SPOOL_BYTES: Final = Gauge("winback_collect_spool_bytes", "Bytes of the queue on disk", registry=REGISTRY)
SPOOL_BOUND: Final = Gauge("winback_collect_spool_bound_bytes", "Bytes that it may have", registry=REGISTRY)
SPOOL_DELAY: Final = Gauge(
    "winback_collect_spool_delay_seconds", "Age of the oldest event that Kafka has not acknowledged", registry=REGISTRY
)
SPOOL_ERRORS: Final = Counter(
    "winback_collect_spool_errors_total", "Writes of the queue that failed", registry=REGISTRY
)
TORN: Final = Counter(
    "winback_collect_torn_bytes_total", "Bytes of the queue that could not be read after a crash", registry=REGISTRY
)
SENT: Final = Counter(
    "winback_collect_sent_total", "Events that Kafka has acknowledged", ["channel"], registry=REGISTRY
)
LOST: Final = Counter(
    "winback_collect_lost_total", "Events that Kafka takes from nobody: larger than its topic allows", registry=REGISTRY
)
RETRIES: Final = Counter(
    "winback_collect_retries_total", "Times that Kafka had to be connected to again", registry=REGISTRY
)
BUILD: Final = build_info(REGISTRY)


def serve(settings: Settings) -> None:
    """Serve the metrics at `settings.metrics`, if set. Raises ValueError for a bad address, OSError for a taken one."""
    BUILD.labels(build_version(), "collect").set(1)
    serve_registry(settings, REGISTRY)
