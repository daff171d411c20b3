"""Events and decisions read back from ClickHouse: played again, they give what was written, row by row."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from deploy.backtest import stored
from deploy.backtest.words import Clock, words
from deploy.shop import simulate
from deploy.stack import lines
from schemas import topics
from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse import history
from sinks.clickhouse.client import connect
from sinks.clickhouse.load import load
from streams.campaigns import load as load_campaigns
from streams.core.campaigns import CampaignFile, Campaigns
from streams.testing import Topology

ALL, LATENESS = (0, 1 << 42), 30_000
COMPARED = (
    topics.STITCHED_EVENTS, topics.RETARGETING_DECISIONS, topics.RETARGETING_MESSAGES, topics.CART_TRANSITIONS,
    topics.CONVERSIONS, topics.IDENTITY_ASSIGNMENTS, topics.CONTACT_SUPPRESSIONS,
)  # fmt: skip
Topics = dict[str, list[Record]]


def shop() -> list[Record]:
    """What a simulated shop sends, as records."""
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    found = []
    for chunk in lines.of_objects(simulate(150, 1, 11), Settings().partitions):
        for line in chunk:
            place = (line.topic, line.partition)
            found.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    return found


def in_time(records: list[Record]) -> Topics:
    """What the pipeline writes by the time of the events alone."""
    topology = Topology(Settings(clock="event"))
    topology.feed(records)
    return topology.finish()


def as_they_came(records: list[Record]) -> Topics:
    """The same where time follows the clock on the wall, less the lateness: what came later than that is late."""
    topology, now = Topology(Settings()), 0
    for record in records:
        if record.timestamp > now:
            now = record.timestamp
            topology.reach(now - LATENESS)
        topology.feed([record])
    return topology.finish()


def played(client: Any, place: Path) -> Topics:
    """What the pipeline writes when it is given what ClickHouse holds."""
    settings = Settings()
    hasher = stored.HashedIdentifiers(settings.secret.get_secret_value())
    reader = stored.HistoryReader(settings.phone_region, settings.blocked_values(), hasher)
    nothing = Campaigns(CampaignFile(), {})
    topology = Topology(settings, nothing, outputs=(found := list[Record]()).append, reader=reader, hasher=hasher)
    assert stored.write(place, history.events(client, *ALL, LATENESS), lambda _: None) == history.count(client, *ALL)

    def taken_over() -> None:
        topology.part()
        topology.go_on(load_campaigns(None))

    said = words(history.merges(client, ALL[1]), history.suppressions(client, ALL[1]), LATENESS)
    # Before time moves, other campaigns take over, as in the second process of a backtest.
    clock = Clock(topology, said, taken_over)
    stored.play(topology, place, settings.partitions, lambda _: None, clock)
    return {topic: [record for record in found if record.topic == topic] for topic in COMPARED}


def rows(found: Topics, topic: str) -> Counter[bytes]:
    """The values of a topic, whatever their order, without what counts records."""
    values = [orjson.loads(record.value or b"null") for record in found[topic]]
    kept = [{name: one[name] for name in one if name != "version"} for one in values]
    return Counter(orjson.dumps(value, option=orjson.OPT_SORT_KEYS) for value in kept)


@pytest.mark.parametrize("live", [in_time, as_they_came])
def test_played_again_it_gives_what_was_written(client, tmp_path, live, monkeypatch) -> None:
    """Every topic is the same, ids and lateness included; so are the decisions that ClickHouse itself has."""
    monkeypatch.setattr(history, "PAGE", 97)  # several pages an hour
    written = live(shop())
    load(client, [record for records in written.values() for record in records])
    late = [orjson.loads(record.value or b"")["late"] for record in written[topics.STITCHED_EVENTS]]
    assert len(late) > 500
    assert any(late) == (live is as_they_came)
    again = played(client, tmp_path / "events")
    for topic in COMPARED:
        assert rows(again, topic) == rows(written, topic), topic
    kept = {row["decision_id"]: row for row in history.decisions(client, *ALL)}
    wanted = [orjson.loads(record.value or b"") for record in written[topics.RETARGETING_DECISIONS]]
    assert kept == {row["decision_id"]: row for row in wanted}
    assert len(kept) > 20


async def test_a_reader_over_http_gets_the_same(client, address) -> None:
    """The statements pass the guard of the embedded ClickHouse's HTTP interface, and bring the same events."""
    written = in_time(shop())
    load(client, [record for records in written.values() for record in records])
    host, port = address

    def read() -> tuple[list[history.StoredEvent], list[dict[str, Any]], Mapping[str, int]]:
        reader = connect(Settings(clickhouse=SecretStr(f"http://{host}:{port}/winback")))
        try:
            asked = history.requests(reader, 1 << 42)
            return list(history.events(reader, *ALL, LATENESS)), list(history.decisions(reader, *ALL)), asked
        finally:
            reader.close()

    events, decisions, _ = await asyncio.to_thread(read)
    assert [orjson.dumps(tuple(event)) for event in events] == [
        orjson.dumps(tuple(event)) for event in history.events(client, *ALL, LATENESS)
    ]
    assert decisions == list(history.decisions(client, *ALL))


def test_a_window_of_events_and_decisions(client) -> None:
    """Of a part of the time there are the events and decisions of that part, in order."""
    written = in_time(shop())
    load(client, [record for records in written.values() for record in records])
    times = sorted(event.applied for event in history.events(client, *ALL, LATENESS))
    since, until = times[100], times[400]
    found = list(history.events(client, since, until, LATENESS))
    assert [event.applied for event in found] == [time for time in times if since <= time < until]
    assert history.count(client, since, until) == len(found)
    every = list(history.decisions(client, *ALL))
    part = list(history.decisions(client, since, until))
    assert 0 < len(part) < len(every)
    assert all(row in every for row in part)


def test_what_an_alias_call_named_comes_back() -> None:
    """PreviousId stands for a user id and an anonymous id; the event's own is that if its value was linked as both."""
    hasher = Hasher("s")
    value = {
        "type": "alias", "name": "", "channel": "web", "event_time": "2026-03-02T09:00:00.000Z",
        "received_at": "2026-03-02T09:00:00.000Z", "message_id": "m", "properties": {}, "context": {}, "traits": {},
        "identifiers": [{"type": "user_id", "value": "u"}, {"type": "anonymous_id", "value": "a"}],
        "source": {"topic": "channels.web", "partition": 0, "offset": 7},
    }  # fmt: skip
    mine = [(hasher("user_id", "u"), "user_id"), (hasher("anonymous_id", "a"), "anonymous_id")]
    reader = stored.HistoryReader("US", (), stored.HashedIdentifiers("s"))

    def previous(*linked: tuple[str, str]) -> list[str]:
        record = Record("channels.web", 0, 0, 0, None, orjson.dumps((value, linked)))
        event = reader.read(record)
        return [stored.HashedIdentifiers("s").of[one] for one in event.previous]

    other = [(hasher("anonymous_id", "b"), "anonymous_id"), (hasher("user_id", "b"), "user_id")]
    assert previous() == []
    assert previous(*mine, *other) == [other[1][0], other[0][0]]
    assert previous(*mine, (hasher("user_id", "a"), "user_id")) == [hasher("user_id", "a"), mine[1][0]]
    assert stored.HashedIdentifiers("s").of[Identifier("user_id", "u")] == mine[0][0]


def test_requests_of_operators_are_counted(client) -> None:
    """Profiles that were split or erased before a time, each once; merges are neither."""
    columns = ["merged_profile_id", "into_profile_id", "reason", "merged_at", "version"]
    told = [
        ("a", "b", "split", 1_000, 1), ("a", "c", "split", 1_000, 2), ("d", "", "erased", 2_000, 3),
        ("e", "f", "link", 1_000, 4), ("g", "", "erased", 9_000, 5),
    ]  # fmt: skip
    client.insert(
        "profile_merges",
        [[*row[:3], datetime.fromtimestamp(row[3] / 1000, tz=UTC), row[4]] for row in told],
        column_names=columns,
    )
    assert history.requests(client, 5_000) == {"erased": 1, "split": 1}
