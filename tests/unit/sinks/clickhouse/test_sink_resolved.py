"""Tables of resolved profiles: they say what merges and splits come to, after every batch and whatever goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import TopicPartition
from clickhouse_connect.driver.exceptions import DatabaseError

from schemas import topics
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.batches import Batches
from sinks.clickhouse.consumer import SinkConsumer
from sinks.clickhouse.errors import SchemaError
from sinks.clickhouse.load import load
from sinks.clickhouse.resolved import families
from tests.support import sink_rows as make
from tests.support.following import differing
from tests.support.merging import PROFILES, Story

A, B, C, D = PROFILES[:4]
MERGES = TopicPartition(topics.IDENTITY_MERGES, 0)
CURRENT = "SELECT profile_id, current_id FROM current_profiles"


class BrokenOffError(RuntimeError):
    """The process has ended here."""


def told(client: Any) -> dict[str, str]:
    """Where merged profiles are today."""
    return dict(client.query(CURRENT).result_rows)


@pytest.mark.parametrize(("seed", "chapters"), [(1, 4), pytest.param(2, 25, marks=pytest.mark.slow)])
def test_tables_say_what_the_rows_come_to(client: Any, seed: int, chapters: int) -> None:
    """Merges and splits in any order, late ones and repeats among them: as if each were followed when asked."""
    story = Story(seed)
    for at in range(chapters):
        records = story.chapter()
        load(client, records)
        if at % 2:
            load(client, records)
        assert differing(client) == {}
    assert client.command("SELECT count() FROM split_heads") > 0


def test_a_filling_says_the_same(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before the tables were is resolved page by page, families across pages among it."""
    story = Story(3)
    load(client, [record for _ in range(6) for record in story.chapter()])
    for table in ("resolved_profiles", "resolved_splits"):
        client.command(f"TRUNCATE TABLE {table}")
    monkeypatch.setattr(families, "PAGE", 3)
    families.fill(client)
    assert differing(client) == {}


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_batch_that_was_cut_off_is_made_good_by_its_repeat(
    client: Any, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Killed between the insert and the resolving, or between that and the commit, the same records come again."""
    load(client, [make.merge(A, B, version=1), make.merge(D, C, version=2)])
    records = [make.merge(B, C, version=3), make.split(C, A, [], version=4)]
    resolved = families.refresh

    def dying(*given: Any) -> frozenset[str]:
        if lost == "after":
            resolved(*given)
        raise BrokenOffError

    with monkeypatch.context() as patch:
        patch.setattr(families, "refresh", dying)
        with pytest.raises(BrokenOffError):
            load(client, records)
    assert bool(differing(client)) is (lost == "before")
    load(client, records)
    assert differing(client) == {}


class Committing:
    """A Kafka consumer that notes what the tables said at each commit."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.commits: list[dict[str, str]] = []

    def assignment(self) -> set[Any]:
        """Everything is its own."""
        return {MERGES}

    def highwater(self, _: Any) -> int:
        """There is one record."""
        return 1

    async def commit(self, _: Any) -> None:
        """Note it."""
        self.commits.append(told(self.client))


async def test_nothing_is_committed_before_it_is_resolved(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets are committed once the tables say what the rows do; where ClickHouse refuses that, they are not."""

    def batches(*records: Record) -> list[Any]:
        collected = Batches()
        collected.add(MERGES.topic, 0, [(record.offset, record) for record in records], 0.0)
        return collected.take()

    consumer = SinkConsumer(Settings(), client)
    consumer.consumer = kafka = Committing(client)
    await consumer._write(batches(make.merge(A, B)), {MERGES: 1})
    assert kafka.commits == [{A: B}]

    def refused(*_: Any) -> frozenset[str]:
        raise DatabaseError("no such column", code=16)

    monkeypatch.setattr(families, "refresh", refused)
    with pytest.raises(SchemaError, match="resolving profiles"):
        await consumer._write(batches(make.merge(B, C, version=2)), {MERGES: 2})
    assert len(kafka.commits) == 1


def test_of_two_processes_the_one_that_saw_more_has_the_last_word(client: Any) -> None:
    """One that read before the other's merge was written, and writes after it, changes nothing."""
    load(client, [make.merge(A, B, version=1)])
    members, links, version = families._families(client, [A])
    load(client, [make.merge(B, C, version=2)])
    families._write(client, members, families.resolve(links), version)
    assert told(client) == {A: C, B: C}


def test_a_clock_that_goes_back(client: Any) -> None:
    """What is resolved later holds, also if the server's clock has been set back since."""
    load(client, [make.merge(A, B, version=1)])
    client.command(
        "INSERT INTO resolved_profiles SELECT * REPLACE (version + 1000000000000 AS version) FROM resolved_profiles"
    )
    load(client, [make.merge(B, C, version=2)])
    assert told(client) == {A: C, B: C}


def test_an_erased_profile_leads_nowhere_and_may_begin_anew(client: Any) -> None:
    """Its merges are forgotten with it, also by those that had become part of it; it has no row of what was."""
    load(client, [make.event(A, "X"), make.merge(A, B, version=1), make.merge(C, B, version=2)])
    stones = [make.record("stitched.events", None, one) for one in (A, B)]
    load(client, [*stones, make.erasure(A, version=5), make.erasure(B, version=6)])
    assert differing(client) == {}
    assert told(client) == {}
    load(client, [make.event(A, "Y")])
    assert client.query("SELECT name, current_id FROM current_events").result_rows == [("Y", A)]


def test_refused_links_touch_nobody(client: Any) -> None:
    """A link that was not made is part of no family."""
    load(client, [make.merge(A, B, refused="two_users")])
    assert client.command("SELECT count() FROM resolved_profiles") == 0


@pytest.mark.slow
def test_a_batch_of_many_merges(client: Any) -> None:
    """Ids of a whole batch go to ClickHouse, however many; each profile is where its merge says."""
    names = [make.hexed(f"many {at}") for at in range(30_000)]
    load(client, [make.merge(names[at], names[at + 1], version=at + 1) for at in range(0, len(names), 2)])
    assert told(client) == dict(zip(names[::2], names[1::2], strict=True))
