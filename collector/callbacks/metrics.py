"""What became of callbacks, for Prometheus: by provider, never by anything of a person."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter

TAKEN, REPEAT, PING, UNSIGNED, UNREADABLE, TOO_LARGE, UNAVAILABLE = (
    "taken", "repeat", "ping", "unsigned", "unreadable", "too_large", "unavailable",
)  # fmt: skip
OUTCOMES: Final = (TAKEN, REPEAT, PING, UNSIGNED, UNREADABLE, TOO_LARGE, UNAVAILABLE)
PUBLISHED, IGNORED, UNMAPPED = "published", "ignored", "unmapped"
RESULTS: Final = (PUBLISHED, IGNORED, UNMAPPED)


class CallbackMetrics:
    """The counters in a `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "winback_callbacks", "Requests of providers: taken, repeat, ping, unsigned (401), unreadable (400), "
            "too_large (413), unavailable (503)", ["provider", "outcome"], registry=registry,
        )  # fmt: skip
        self.events = Counter(
            "winback_callback_events", "What taken requests told: published, ignored, unmapped (dead letters)",
            ["provider", "result"], registry=registry,
        )  # fmt: skip

    def expect(self, provider: str) -> None:
        """The series of a `provider` are there from now on, at 0: an alert sees the first that is not."""
        for outcome in OUTCOMES:
            self.requests.labels(provider, outcome)
        for result in RESULTS:
            self.events.labels(provider, result)
