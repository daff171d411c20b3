"""Fetching at a walking pace: what rests and what does not, and that aiokafka is still made as `pace` believes."""

from __future__ import annotations

import asyncio
import inspect
from time import monotonic
from types import SimpleNamespace

import pytest
from aiokafka.consumer.fetcher import Fetcher

from sinks.fetching import REST, pace


def _consumer(found: bool, seconds: float = 0.0) -> SimpleNamespace:
    async def fetch(*_: object) -> bool:
        await asyncio.sleep(seconds)
        return found

    return SimpleNamespace(_fetcher=SimpleNamespace(_proc_fetch_request=fetch))


async def _seconds(consumer: SimpleNamespace) -> float:
    pace(consumer)
    began = monotonic()
    await consumer._fetcher._proc_fetch_request("assignment", 0, "request")
    return monotonic() - began


async def test_an_empty_answer_that_came_at_once_is_followed_by_a_rest() -> None:
    """A broker that does not wait is not asked again at once."""
    assert await _seconds(_consumer(found=False)) >= REST * 0.9


@pytest.mark.parametrize(("found", "seconds"), [(True, 0.0), (False, REST)])
async def test_records_and_a_broker_that_waits_are_not_held_up(
    found: bool, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is something to read, or Kafka has waited itself, nothing is added."""
    slept: list[float] = []
    consumer = _consumer(found, seconds)
    pace(consumer)
    sleep = asyncio.sleep

    async def counted(delay: float) -> None:
        slept.append(delay)
        await sleep(delay)

    monkeypatch.setattr(asyncio, "sleep", counted)
    assert await consumer._fetcher._proc_fetch_request("assignment", 0, "request") is found
    assert slept == [seconds]


async def test_a_fetch_cancelled_in_its_rest_ends_as_one_that_found_nothing() -> None:
    """The assignment changes: fetches are cancelled, and awaited without a guard when it closes."""
    consumer = _consumer(found=False)
    pace(consumer)
    resting = asyncio.ensure_future(consumer._fetcher._proc_fetch_request("assignment", 0, "request"))
    await asyncio.sleep(REST / 5)
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
    assert "return needs_wakeup" in inspect.getsource(Fetcher._proc_fetch_request)
