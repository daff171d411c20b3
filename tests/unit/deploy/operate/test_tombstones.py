"""The tombstones of an erasure are read off the topics themselves: one for each topic and profile, then the sinks."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from deploy.errors import UnavailableError
from deploy.operate import draining
from deploy.operate.person.tombstones import read, taken
from schemas.settings import Settings
from schemas.topics import CONVERSIONS, PROFILE_EVENTS, STITCHED_EVENTS, TOMBSTONED, partition_of

P, Q = "0" * 7 + "1" + "a" * 24, "0" * 7 + "2" + "b" * 24
PARTITIONS = 4


class Log:
    """A consumer of records made up; at their end it waits for ever."""

    def __init__(self, *records):
        self._records = list(records)
        self.assigned, self.positions = [], {}

    def assign(self, places):
        self.assigned = places

    def seek(self, place, offset):
        self.positions[place] = offset

    async def getone(self):
        while self._records:
            record = self._records.pop(0)
            place = TopicPartition(record.topic, record.partition)
            if place in self.assigned and record.offset >= self.positions[place]:
                return record
        return await asyncio.get_running_loop().create_future()


def record(topic, profile, offset, value=None):
    """A record under a profile's key; a tombstone without a value."""
    return SimpleNamespace(
        topic=topic, partition=partition_of(profile, PARTITIONS), offset=offset, key=profile.encode(), value=value
    )


SINCE = {TopicPartition(topic, partition): 5 for topic in TOMBSTONED for partition in range(PARTITIONS)}


async def test_one_of_each_topic_and_profile():
    """Records with a value, tombstones of others, of before and of twice do not count."""
    log = Log(
        *(record(topic, P, 4) for topic in TOMBSTONED), *(record(topic, P, 5, b"{}") for topic in TOMBSTONED),
        *(record(topic, one, 6) for topic in TOMBSTONED for one in (P, Q, "f" * 32)),
        *(record(topic, P, 7) for topic in TOMBSTONED),
    )  # fmt: skip
    seen, after = await read(log, SINCE, [P, Q], 5)
    assert seen == dict.fromkeys(sorted(TOMBSTONED), 2)
    assert after[TopicPartition(CONVERSIONS, partition_of(P, PARTITIONS))] == 7


async def test_nobody_told_is_nothing_to_wait_for():
    """Without profiles there is nothing to read."""
    assert await read(Log(), SINCE, [], 5) == ({}, {})


async def test_what_is_missing_is_told():
    """The topics without their tombstone are named when time is up."""
    log = Log(*(record(topic, P, 6) for topic in TOMBSTONED if topic != STITCHED_EVENTS))
    with pytest.raises(UnavailableError, match=r"^no tombstones in stitched\.events within"):
        await read(log, SINCE, [P], 0.01)


async def test_the_sinks_have_to_pass_them(monkeypatch):
    """Only topics that the sinks read count; what they have not committed in time is told with their group."""
    have = {TopicPartition(CONVERSIONS, 1): 6}

    async def offsets(client, group):
        assert group == "winback-sinks"
        return have

    monkeypatch.setattr(draining, "offsets", offsets)
    after = {TopicPartition(CONVERSIONS, 1): 7, TopicPartition(PROFILE_EVENTS, 1): 9}
    with pytest.raises(UnavailableError, match="winback-sinks"):
        await taken(None, Settings(), after, 0.01)
    have[TopicPartition(CONVERSIONS, 1)] = 7
    await taken(None, Settings(), after, 5)
