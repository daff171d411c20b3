"""Fetching at a walking pace: what rests and what does not, and that aiokafka is still made as `pace` believes."""

from __future__ import annotations

import asyncio
import inspect
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest

from infra.fetching import IDLE_REST, IDLE_WAIT_MS, LONGEST_REST, REST, SHARE, pace


class _Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.now += max(0.0, seconds)


def _consumer(answers: list[tuple[bool, float]]) -> Any:
    """A paced consumer whose fetches give these answers, each after so many seconds; and when each was asked for."""
    asked: list[float] = []
    time = _Time()
    left = iter(answers)

    async def answer(*_: object) -> bool:
        asked.append(time.now)
        found, seconds = next(left)
        await time.sleep(seconds)
        return found

    consumer = SimpleNamespace(_fetcher=SimpleNamespace(_proc_fetch_request=answer), asked=asked, time=time, waits=[])
    pace(consumer, time.clock, time.sleep)
    return consumer


async def _fetch(consumer: Any, wait_ms: int = 50) -> bool:
    """One fetch that lets the broker wait for `wait_ms`; `consumer.waits` has what it is asked for in the end."""
    request = SimpleNamespace(_max_wait_ms=wait_ms)
    found: bool = await consumer._fetcher._proc_fetch_request("assignment", 0, request)
    consumer.waits.append(request._max_wait_ms)
    return found


async def _gaps(answers: list[tuple[bool, float]]) -> list[float]:
    """Seconds between one fetch and the next."""
    consumer = _consumer(answers)
    assert [await _fetch(consumer) for _ in answers] == [found for found, _ in answers]
    return [after - before for before, after in pairwise(consumer.asked)]


async def test_the_answer_is_handed_on_at_once_and_the_rest_comes_before_the_next_fetch() -> None:
    """Records never wait for the pace: only the next request does."""
    consumer = _consumer([(True, 0.0), (True, 0.0)])
    assert await _fetch(consumer)
    assert consumer.time.now == 0.0
    assert await _fetch(consumer)
    assert consumer.asked == [0.0, REST]


async def test_rests_grow_while_there_is_nothing_and_are_short_again_after_records() -> None:
    """An idle consumer asks less and less often, a busy one a hundred times a second."""
    gaps = await _gaps([(False, 0.0)] * 4 + [(True, 0.0), (False, 0.0)])
    assert gaps == pytest.approx([2 * REST, LONGEST_REST, LONGEST_REST, LONGEST_REST, REST])


async def test_a_long_silence_is_asked_into_twice_a_second() -> None:
    """Rests are a share of the silence, up to a limit: some dozens of requests in the first seconds, few then."""
    consumer = _consumer([(False, 0.0)] * 200)
    for _ in range(200):
        await _fetch(consumer)
    gaps = [after - before for before, after in pairwise(consumer.asked)]
    longest = IDLE_REST / SHARE
    assert sum(at < longest for at in consumer.asked) < 40
    assert gaps[-1] == pytest.approx(IDLE_REST)
    for at, gap in zip(consumer.asked, gaps, strict=False):
        assert gap <= max(LONGEST_REST, min(SHARE * at, IDLE_REST)) + 1e-9


async def test_a_broker_that_can_wait_is_let_to_after_a_long_silence() -> None:
    """The request of an idle consumer waits longer, unless it was to wait even longer; of a busy one as it was made."""
    consumer = _consumer([(True, 0.0), (False, 10.0), (False, 0.5), (True, 0.0), (False, 0.0)])
    for wait_ms in (50, 50, 50, 900, 50):
        await _fetch(consumer, wait_ms)
    assert consumer.waits == [50, 50, IDLE_WAIT_MS, 900, 50]


async def test_a_broker_that_waits_is_asked_again_at_once() -> None:
    """Where Kafka has waited for something to answer, nothing is added."""
    (gap,) = await _gaps([(False, 2 * REST), (False, 0.0)])
    assert gap == 2 * REST


async def test_a_fetch_cancelled_in_its_rest_ends_as_one_that_found_nothing() -> None:
    """The assignment changes: fetches are cancelled, and awaited without a guard when the consumer closes."""
    consumer = _consumer([(False, 0.0), (True, 0.0)])
    await _fetch(consumer)
    resting = asyncio.ensure_future(_fetch(consumer))
    await asyncio.sleep(0)
    resting.cancel()
    assert await resting is False


def test_aiokafka_fetches_as_pace_believes() -> None:
    """One coroutine method a request, called on the instance, whose result says whether there was anything."""
    assert inspect.iscoroutinefunction(Fetcher._proc_fetch_request)
    assert list(inspect.signature(Fetcher._proc_fetch_request).parameters) == [
        "self",
        "assignment",
        "node_id",
        "request",
    ]
    assert "self._proc_fetch_request(assignment, node_id, request)" in inspect.getsource(Fetcher)
    request = FetchRequest(max_wait_time=50, min_bytes=1, max_bytes=1, isolation_level=0, topics=[])
    assert request._max_wait_ms == 50
    assert "return needs_wakeup" in inspect.getsource(Fetcher._proc_fetch_request)
