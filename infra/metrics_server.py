"""The Prometheus registry of a process, and the address it is served at."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    start_http_server,
)

from infra.addresses import parse_address
from schemas.settings import Settings


def process_registry() -> CollectorRegistry:
    """A registry that shows the process, the interpreter and its garbage collector."""
    registry = CollectorRegistry()
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        registry.register(collector)
    return registry


def build_version() -> str:
    """The version of the installed package; `unknown` when it runs from a bare checkout."""
    try:
        return version("winback")
    except PackageNotFoundError:
        return "unknown"


def build_info(registry: CollectorRegistry) -> Gauge:
    """The gauge `winback_build_info` of a registry: 1, labelled with the version and the process."""
    return Gauge("winback_build_info", "1, labelled with the version", ["version", "process"], registry=registry)


def consumer_lag(registry: CollectorRegistry) -> Gauge:
    """The gauge `winback_consumer_lag` of a registry: records behind the end, by topic and partition."""
    return Gauge(
        "winback_consumer_lag", "Records behind the end of the partition", ["topic", "partition"], registry=registry
    )


def offsets_beyond_end(registry: CollectorRegistry) -> Counter:
    """The counter `winback_offsets_beyond_end_total` of a registry: offsets whose records a broker has lost."""
    return Counter(
        "winback_offsets_beyond_end_total", "Offsets beyond the end of a log: its broker has lost records", ["topic"],
        registry=registry,
    )  # fmt: skip


def serve_registry(settings: Settings, registry: CollectorRegistry) -> None:
    """Serve `registry` at `settings.metrics`; nowhere when that is empty.

    Raises ValueError for an address that is none, OSError for one that is taken.
    """
    if settings.metrics:
        host, port = parse_address(settings.metrics, "WINBACK_METRICS")
        try:
            start_http_server(port, host, registry=registry)
        except OSError as taken:
            raise OSError(f"metrics cannot be served on {settings.metrics}: {taken.strerror}") from taken
