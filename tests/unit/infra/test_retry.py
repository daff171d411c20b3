"""Trying again: how long the pauses are, and that a stop ends the waiting."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest
from aiokafka.errors import KafkaConnectionError

from infra.retry import FIRST_PAUSE, LONGEST_PAUSE, pause_after, pauses, set_within, until_connected


def test_pauses_double_up_to_the_longest() -> None:
    """Each failure in a row is waited out twice as long, for ever, and never longer than said."""
    assert list(islice(pauses(0.5, 3.0), 5)) == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert pause_after(10**6, 0.5, 3.0) == 3.0
    assert next(pauses()) == FIRST_PAUSE < LONGEST_PAUSE


async def test_an_event_is_waited_for_no_longer_than_told() -> None:
    """False when the time is up, True at once when it is set."""
    event = asyncio.Event()
    assert await set_within(event, 0.001) is False
    waiting = asyncio.ensure_future(set_within(event, 60.0))
    await asyncio.sleep(0)
    event.set()
    assert await asyncio.wait_for(waiting, 5) is True


class _Away:
    """A broker that refuses the first connections, and a stop that comes after so many pauses."""

    def __init__(self, refusals: int, stop_after: int = 1_000) -> None:
        self.refusals, self.stop_after = refusals, stop_after
        self.waited: list[float] = []
        self.said: list[str] = []
        self.started = 0

    async def start(self) -> None:
        self.started += 1
        if self.started <= self.refusals:
            raise KafkaConnectionError("refused")

    async def stopped(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return len(self.waited) > self.stop_after

    async def connect(self) -> bool:
        return await until_connected(self.start, address="here:1", stopped=self.stopped, say=self.said.append)


async def test_clients_are_started_again_until_the_broker_is_there() -> None:
    """Each refusal is told with the address, why, and the pause; then it is connected."""
    away = _Away(2)
    assert await away.connect()
    assert away.waited == [0.0, FIRST_PAUSE, 2 * FIRST_PAUSE]
    assert away.said[0] == "no broker at here:1 (KafkaConnectionError: refused); again in 0.2 s"


@pytest.mark.parametrize(("stop_after", "started"), [(0, 0), (1, 1), (3, 3)])
async def test_a_stop_ends_the_waiting(stop_after: int, started: int) -> None:
    """Told to stop before or between the tries, no client is started any more."""
    away = _Away(10, stop_after)
    assert not await away.connect()
    assert away.started == started
