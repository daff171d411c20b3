"""The replica follows the end of `identity.links` while it is asked how far the clock may go, and only then."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition

from schemas.settings import Settings
from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_LINKS
from streams.core.protocol.order_key import bound
from streams.runtime.state import replica as module
from streams.runtime.state.replica import Replica
from tests.support.runtime_fakes import until

ASSIGNMENTS, LINKS = TopicPartition(IDENTITY_ASSIGNMENTS, 0), TopicPartition(IDENTITY_LINKS, 0)
DUE = 5_000_000


class Broker:
    """A consumer and a probe over two logs in memory; `held` keeps records back from the consumer."""

    def __init__(self) -> None:
        self.logs: dict[TopicPartition, list[bytes]] = defaultdict(list)
        self.first = 0
        self.at: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.held = False
        self.fetched: list[int] = []

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    def assign(self, partitions: list[TopicPartition]) -> None:
        self.at = dict.fromkeys(partitions, 0)

    def pause(self, tp: TopicPartition) -> None:
        self.paused.add(tp)

    def resume(self, tp: TopicPartition) -> None:
        self.paused.discard(tp)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at[tp] = offset

    async def seek_to_beginning(self, tp: TopicPartition) -> None:
        self.at[tp] = 0

    async def position(self, tp: TopicPartition) -> int:
        return self.at[tp]

    async def getmany(self, **_: Any) -> dict[TopicPartition, list[Any]]:
        await asyncio.sleep(0)
        got: dict[TopicPartition, list[Any]] = {}
        for tp, at in self.at.items():
            if tp not in self.paused and not (self.held and tp == LINKS):
                values = self.logs[tp][at:]
                got[tp] = [SimpleNamespace(offset=at + n, key=b"k", value=value) for n, value in enumerate(values)]
                self.at[tp] = at + len(values)
        self.fetched += [record.offset for record in got.get(LINKS, ())]
        return got

    async def ends(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: len(self.logs[tp]) for tp in partitions}

    async def begins(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self.first)

    # -- what others write

    def report(self, position: int) -> int:
        """A report on one source; its offset."""
        said = {"k": "report", "sources": [["channels.web", 0, 1, position]], "version": 1, "now": 2}
        self.logs[LINKS].append(orjson.dumps(said))
        return len(self.logs[LINKS]) - 1

    def acknowledge(self, at: int, due: int = DUE) -> None:
        """The one partition acknowledges the round that was issued after a record."""
        said = {"k": "ack", "partition": 0, "round": 1, "at": at, "low": None, "moved": None, "due": bound(due).hex()}
        self.logs[LINKS].append(orjson.dumps(said))


@pytest.fixture
async def followed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A running replica over a broker in memory."""
    broker = Broker()
    monkeypatch.setattr(module, "AIOKafkaConsumer", lambda **_: broker)
    monkeypatch.setattr(module, "pace", lambda _: None)
    failures: list[BaseException] = []
    running = Replica(Settings(secret="replica", partitions=1), broker, failures.append)  # noqa: S106 - made up
    await running.start()
    yield running, broker
    await running.stop()
    assert failures == []


async def test_links_are_not_read_before_somebody_asks(followed):
    """A busy log is not read a second time by every worker."""
    replica, broker = followed
    broker.acknowledge(broker.report(1))
    broker.logs[ASSIGNMENTS].append(b'{"profile_id":"p","version":7}')
    await until(lambda: replica.version == 7)
    assert broker.fetched == []
    assert replica.due() is None
    await until(lambda: replica.due() == DUE)


async def test_the_last_round_is_known_where_following_begins(followed):
    """Others may be silent already, so that no more rounds come: a little of what was before is read again."""
    replica, broker = followed
    for _ in range(300):
        broker.acknowledge(broker.report(1), DUE - 1)
    broker.acknowledge(broker.report(1))
    await until(lambda: replica.due() == DUE)
    assert broker.fetched[0] == len(broker.logs[LINKS]) - 100


async def test_what_was_known_counts_only_when_the_present_end_has_been_read(followed):
    """After a pause news may be unread: until it is read nothing is known, though something was."""
    replica, broker = followed
    broker.acknowledge(broker.report(1))
    await until(lambda: replica.due() == DUE)
    replica.busy()
    await until(lambda: LINKS in broker.paused)
    news = broker.report(2)
    broker.held = True
    assert replica.due() is None
    await until(lambda: LINKS not in broker.paused)
    for _ in range(10):
        await asyncio.sleep(0)
        assert replica.due() is None
    broker.held = False
    await until(lambda: len(broker.fetched) == len(broker.logs[LINKS]))
    assert replica.due() is None
    broker.acknowledge(news, DUE + 1)
    await until(lambda: replica.due() == DUE + 1)
    assert broker.fetched == list(range(len(broker.logs[LINKS]))), "it goes on where it was left"
