"""Topics that nobody reads, as the sinks show them."""

from __future__ import annotations

import logging

from sinks.clickhouse import metrics
from sinks.clickhouse.unread_topics import UnreadTopics


def shown():
    """The labels of what is shown now."""
    return {tuple(sample.labels.values()) for family in metrics.UNREAD_TOPIC.collect() for sample in family.samples}


def test_unread_topics_are_shown_while_they_are_there(caplog):
    """Each with the topic that is meant, and gone with its topic; the log says each once."""
    unread = UnreadTopics()
    with caplog.at_level(logging.WARNING):
        unread.show({"channels.web", "channels.webb", "orders"})
        unread.show({"channels.web", "channels.webb", "channels.tv"})
    assert shown() == {("channels.webb", "channels.web"), ("channels.tv", "")}
    assert [record.getMessage() for record in caplog.records] == [
        "nobody reads the topic channels.webb (did you mean channels.web?)", "nobody reads the topic channels.tv",
    ]  # fmt: skip
    unread.show(())
    assert shown() == set()
