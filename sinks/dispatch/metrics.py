"""What a dispatcher shows to Prometheus, in a registry of its own (names and labels are the contract's)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from infra.metrics_server import (
    build_info,
    build_version,
    consumer_lag,
    offsets_beyond_end,
    process_registry,
    serve_registry,
)
from schemas.settings import Settings
from schemas.topics import (
    AUDIENCES_MEMBERS,
    CONVERSIONS,
    RETARGETING_DECISIONS,
    RETARGETING_DELIVERIES,
    RETARGETING_MESSAGES,
)
from sinks.dispatch import breaker, ledger

REGISTRY: Final = process_registry()
DISPATCHED: Final = Counter(
    "winback_dispatch_total", "Messages by what became of them", ["channel", "outcome"], registry=REGISTRY
)
SECONDS: Final = Histogram(
    "winback_dispatch_seconds", "How long a server took for a message", ["channel"], registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)  # fmt: skip
BREAKER: Final = Gauge(
    "winback_dispatch_breaker", "Circuit breaker: 0 closed, 1 open, also while one message is tried", ["channel"],
    registry=REGISTRY,
)  # fmt: skip
RETRIES: Final = Counter(
    "winback_dispatch_retries_total", "Tries that did not send", ["channel", "reason"], registry=REGISTRY
)
AUDIENCE_MEMBERS: Final = Counter(
    "winback_audience_members_total", "Hashes that a webhook of audiences was told to add or remove",
    ["webhook", "audience", "change", "outcome"], registry=REGISTRY,
)  # fmt: skip
AUDIENCE_RETRIES: Final = Counter(
    "winback_audience_retries_total", "Requests that a webhook of audiences has not taken", ["webhook", "reason"],
    registry=REGISTRY,
)  # fmt: skip
AUDIENCE_DOWN: Final = Gauge(
    "winback_audience_down", "1 while a webhook of audiences fails repeatedly", ["webhook"], registry=REGISTRY
)
AUDIENCE_WAITING: Final = Gauge(
    "winback_audience_waiting", "Changes of audiences that a webhook has not been told", ["webhook"], registry=REGISTRY
)
AUDIENCE_OLDEST: Final = Gauge(
    "winback_audience_oldest_seconds", "Age of the oldest change that a webhook has not been told", ["webhook"],
    registry=REGISTRY,
)  # fmt: skip
BEYOND_END: Final = offsets_beyond_end(REGISTRY)
WAITING: Final = Gauge("winback_dispatch_waiting", "Messages read and not finished", registry=REGISTRY)
LAG: Final = consumer_lag(REGISTRY)
BUILD: Final = build_info(REGISTRY)

OUTCOMES: Final = (ledger.SENT, ledger.BOUNCED, ledger.FAILED, ledger.UNKNOWN, ledger.EXPIRED, ledger.CANCELLED)
STATES: Final = {breaker.CLOSED: 0, breaker.HALF_OPEN: 1, breaker.OPEN: 1}


def begin(channels: Iterable[str]) -> None:
    """Show the counters of these `channels` at 0: what begins at 1 has not increased as far as Prometheus can tell."""
    for channel in channels:
        for outcome in OUTCOMES:
            DISPATCHED.labels(channel, outcome)
    for topic in (RETARGETING_MESSAGES, RETARGETING_DECISIONS, CONVERSIONS, RETARGETING_DELIVERIES, AUDIENCES_MEMBERS):
        BEYOND_END.labels(topic)


def serve(settings: Settings) -> None:
    """Serve the metrics at `settings.metrics`, if set. Raises ValueError for a bad address, OSError for a taken one."""
    BUILD.labels(build_version(), "dispatch").set(1)
    serve_registry(settings, REGISTRY)
