"""Clients that start while their broker does."""

from __future__ import annotations

from typing import Any

import pytest
from aiokafka import client as clients
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataResponse_v0

from infra import bootstrapping

NOBODY = MetadataResponse_v0([], [])
ONE = MetadataResponse_v0([(1, "127.0.0.1", 9092)], [])


class Connection:
    """One to a broker that answers what is next in turn."""

    def __init__(self, answers: list[Any], opened: list[Connection]) -> None:
        self.answers, self.closed = answers, False
        opened.append(self)

    async def send(self, _: Any) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def close(self, *_: Any) -> Any:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """Every connection that is made, and no pauses."""
    monkeypatch.setattr(bootstrapping, "PAUSE", 0)
    monkeypatch.setattr(AIOKafkaClient, "bootstrap", bootstrapping._patient)
    return []


def answering(monkeypatch: pytest.MonkeyPatch, opened: list[Connection], *answers: Any) -> None:
    """A broker that gives these answers, the last one again and again."""
    left = list(answers)

    async def connect(*_: Any, **__: Any) -> Connection:
        return Connection(left, opened)

    monkeypatch.setattr(clients, "create_conn", connect)


async def test_it_is_asked_until_it_names_itself(monkeypatch: pytest.MonkeyPatch, opened: list[Connection]) -> None:
    """Two answers without brokers are no answers: each connection is given up, and the third one tells."""
    answering(monkeypatch, opened, NOBODY, NOBODY, ONE)
    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:9092")
    await client.bootstrap()
    assert [broker.nodeId for broker in client.cluster.brokers()] == [1]
    assert [connection.closed for connection in opened] == [True] * 3
    await client.close()


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch, opened: list[Connection]) -> None:
    """A broker that never names one is an error that says so, and nothing of the client stays."""
    answering(monkeypatch, opened, NOBODY)
    monkeypatch.setattr(bootstrapping, "PATIENCE", 0)
    client = AIOKafkaClient(bootstrap_servers="127.0.0.1:9092")
    with pytest.raises(KafkaConnectionError, match="names no broker"):
        await client.bootstrap()
    assert opened[-1].closed
    assert client._sync_task is None
