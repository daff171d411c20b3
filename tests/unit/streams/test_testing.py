"""The topology as a test driver, and as `replay` runs it."""

from __future__ import annotations

import doctest
from collections import defaultdict
from pathlib import Path

from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import OUTPUT_TOPICS
from streams import testing
from streams.testing import Topology

ROOT = Path(__file__).parents[3]


def test_the_ten_lines_of_the_docstring_say_what_they_show(monkeypatch) -> None:
    """The example in the module's docstring gives what it says."""
    monkeypatch.chdir(ROOT)
    found = doctest.testmod(testing)
    assert found.attempted >= 8
    assert not found.failed


def raw(settings: Settings) -> list[Record]:
    """Three days of a small simulated shop."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    records = []
    for chunk in of_objects(simulate(40, 3, 5), settings.partitions):
        for line in chunk:
            place = (line.topic, line.partition)
            records.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    return records


def test_outputs_taken_away_are_those_that_are_kept() -> None:
    """With `outputs`, every record comes out as it would have been kept, and nothing is left in the logs."""
    settings = Settings(clock="event")
    records = raw(settings)
    kept = Topology(settings)
    kept.feed(records)
    kept.finish()
    taken: dict[tuple[str, int], list[Record]] = defaultdict(list)
    dropping = Topology(settings, outputs=lambda record: taken[record.topic, record.partition].append(record))
    dropping.feed(records)
    dropping.finish()
    for topic in OUTPUT_TOPICS:
        for partition, log in kept.logs.topics[topic].items():
            assert taken[topic, partition] == log, (topic, partition)
    assert len(taken) > len(OUTPUT_TOPICS)
    assert not any(log for logs in dropping.logs.topics.values() for log in logs.values())


def test_receipts_come_when_outputs_are_taken_away() -> None:
    """A request is answered although its log is dropped as it is read."""
    topology = Topology(Settings(clock="event"), outputs=lambda _: None)
    (receipt,) = topology.declare("channels.web", None, "dead")
    assert receipt["k"] == "receipt"
