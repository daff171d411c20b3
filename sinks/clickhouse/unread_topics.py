"""Topics that are named like raw topics and that nobody reads, for Prometheus and the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from schemas.unread_topics import unread
from sinks.clickhouse import metrics

log = logging.getLogger("winback.sinks")


class UnreadTopics:
    """Shows those that there are now, and says each once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def show(self, names: Iterable[str]) -> None:
        """Show those among the `names` of all topics of the broker, and no others any more."""
        metrics.UNREAD_TOPIC.clear()
        for one in unread(names):
            metrics.UNREAD_TOPIC.labels(one.topic, one.nearest or "").set(1)
            if one.topic not in self._said:
                self._said.add(one.topic)
                log.warning("nobody reads the topic %s", one)
