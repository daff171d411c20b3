"""Lines on their way to Kafka: read ahead by a thread that nobody has to wait for."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings

import pytest

from deploy.errors import BadInputError
from deploy.stack.lines import parse
from deploy.stack.publishing import AHEAD, Done, Publisher, read_ahead
from schemas.settings import Settings


async def test_what_was_read_comes_before_what_went_wrong():
    """Chunks arrive in order, and the reader's error behind them."""

    def chunks():
        yield ["a"]
        yield ["b"]
        raise BadInputError("line 3")

    got = []
    with pytest.raises(BadInputError, match="line 3"):  # noqa: PT012
        async for chunk in read_ahead(chunks()):
            got += chunk or []
    assert got == ["a", "b"]


def test_a_reader_left_behind_says_nothing(monkeypatch):
    """A command that is stopped leaves a thread with a full queue: no traceback of it, no coroutine never awaited."""
    said, released, ended = [], threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "excepthook", said.append)

    def chunks():
        for n in range(AHEAD + 2):
            yield [n]
        released.wait(10)
        yield ["late"]
        ended.set()

    async def stopped():
        async for chunk in read_ahead(chunks()):
            if chunk == [2]:
                return

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(stopped())
        released.set()
        assert ended.wait(10)
        gc.collect()
    assert (said, [str(one.message) for one in warned]) == ([], [])


def test_counts_are_told():
    """Nothing sent is said as such; else what was acknowledged of it."""
    assert str(Done()) == "nothing was published"
    assert str(Done(records=2_000, acknowledged=1_500)) == "Kafka has acknowledged 1,500 of the 2,000 records sent"


async def test_a_line_without_a_time_gets_that_of_its_sending(monkeypatch):
    """A line may wait long between being read and being sent, with a rate; a time that it names is kept."""
    sent = []

    class Batch:
        def append(self, *, key, value, timestamp, headers):
            sent.append((value, timestamp))
            return object()

    lines = [
        parse(b'{"topic":"channels.web","value":%s%s}' % (value, more), 1, event_clock=clock, last=5)
        for value, more, clock in ((b"1", b"", False), (b"2", b',"timestamp":7', False), (b"3", b"", True))
    ]
    publisher = Publisher(Settings())
    monkeypatch.setattr(publisher._producer, "create_batch", Batch)
    monkeypatch.setattr("deploy.stack.publishing.time.time_ns", lambda: 4_102_444_800_000_000_000)
    await publisher.send(lines)
    assert sent == [(b"1", 4_102_444_800_000), (b"2", 7), (b"3", 5)]
