"""What the sink process shows to Prometheus, in a registry of its own (names and labels are the contract's)."""

from __future__ import annotations

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
from sinks.clickhouse.rows import BY_TOPIC

REGISTRY: Final = process_registry()
ROWS: Final = Counter("winback_sink_rows_total", "Rows inserted into ClickHouse", ["table"], registry=REGISTRY)
INSERT_SECONDS: Final = Histogram(
    "winback_sink_insert_seconds", "How long an insert took, its retries included", ["table"], registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)  # fmt: skip
RETRIES: Final = Counter("winback_sink_retries_total", "Inserts tried again, by error", ["kind"], registry=REGISTRY)
SKIPPED: Final = Counter("winback_sink_skipped_total", "Records no row could be made of", ["topic"], registry=REGISTRY)
ERASED: Final = Counter(
    "winback_sink_erased_total", "Ids whose rows were deleted on an erasure", ["table"], registry=REGISTRY
)
OPEN_MERGES: Final = Gauge(
    "winback_open_merges", "Profiles that are part of merges just written, and not resolved yet", registry=REGISTRY
)
SQUASHED: Final = Counter("winback_sink_squash_total", "Months that were made one part", ["done"], registry=REGISTRY)
SAMPLE_RATIO: Final = Gauge(
    "winback_sample_ratio_p_value", "How often chance alone makes the arms of a campaign so unlike what was drawn",
    ["campaign"], registry=REGISTRY,
)  # fmt: skip
UNREAD_TOPIC: Final = Gauge(
    "winback_unread_topic", "1 for a topic that is named like a raw topic and that nobody reads", ["topic", "nearest"],
    registry=REGISTRY,
)  # fmt: skip
BEYOND_END: Final = offsets_beyond_end(REGISTRY)
BUFFERED: Final = Gauge("winback_sink_buffered_rows", "Rows waiting for an insert", registry=REGISTRY)
LAG: Final = consumer_lag(REGISTRY)
BUILD: Final = build_info(REGISTRY)


def serve(settings: Settings) -> None:
    """Serve the metrics at `settings.metrics`, if set. Raises ValueError for a bad address, OSError for a taken one."""
    BUILD.labels(build_version(), "sinks").set(1)
    # At 0: what begins at 1 has not increased as far as Prometheus can tell.
    for topic, table in BY_TOPIC.items():
        BEYOND_END.labels(topic)
        ROWS.labels(table.name)
        ERASED.labels(table.name)
    RETRIES.labels("transport")
    serve_registry(settings, REGISTRY)
