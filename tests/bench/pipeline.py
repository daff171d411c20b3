"""The whole pipeline, from the first record published to the last row in ClickHouse: ours, and the plain Faust job's.

Both run on the same stack: the embedded broker, one stream worker, the sink process on an embedded ClickHouse. Only
the worker differs.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import clickhouse_connect

from deploy import ports
from deploy.operate import broker, clickhouse, draining
from deploy.stack import publishing
from deploy.stack.session import _Client as Client
from deploy.stack.stack import Plan, Stack
from deploy.stack.supervisor import Spec
from schemas.topics import CHANNEL_TOPICS, PROFILE_EVENTS
from tests.bench.meters import Meter, Run
from tests.bench.traffic import Traffic

ROOT = Path(__file__).resolve().parents[2]
WARM_UP = 500
LOOK = 0.25
PARTS = {"kafka": "broker", "streams-1": "worker", "sinks": "sinks"}


class PlainStack(Stack):
    """The stack with the plain Faust job in the place of the stream worker."""

    def _worker(self, at: int) -> Spec:
        env = {**self._env(""), "PLAIN_DATADIR": str(self.plan.folder / "faust"), "PYTHONPATH": str(ROOT)}
        command = (sys.executable, "-m", "tests.bench.plain_faust", "worker", "--without-web", "-l", "warn")
        return Spec(f"streams-{at + 1}", command, env)


async def ours(traffic: Traffic, folder: Path, clock: str = "event") -> Run:
    """Our pipeline over some traffic, warmed up by its first events."""
    stack = Stack(_plan(folder, clock))
    async with stack, _running(stack) as (client, admin):
        return await _guarded(stack, _ours(stack, traffic, clock, client, admin))


async def _ours(stack: Stack, traffic: Traffic, clock: str, client: Any, admin: Any) -> Run:
    await _publish(stack, traffic[:WARM_UP])
    inputs = await draining.ends(client.consumer, CHANNEL_TOPICS, stack.settings)
    await draining.committed(admin, stack.settings.group, inputs, _silent)
    events = await draining.ends(client.consumer, [PROFILE_EVENTS], stack.settings)
    await draining.committed(admin, stack.settings.group, events, _silent)
    meter = Meter(_pids(stack))
    await _publish(stack, traffic[WARM_UP:])
    if clock == "event":
        offset, _ = await draining.declare_end(client.consumer, stack.settings)
        await draining.drained(client.consumer, offset)
        written = await draining.ends(client.consumer, clickhouse.topics(), stack.settings)
        await draining.committed(admin, f"{stack.settings.group}-sinks", written, _silent)
    else:
        await _rows(stack, len(traffic))
    run = meter.stop(len(traffic) - WARM_UP)
    await _rows(stack, len(traffic))
    return run


async def plain(traffic: Traffic, folder: Path) -> Run:
    """The plain Faust job over some traffic, warmed up by its first events."""
    stack = PlainStack(_plan(folder, "event"))
    async with stack, _running(stack):
        return await _guarded(stack, _plain(stack, traffic))


async def _plain(stack: Stack, traffic: Traffic) -> Run:
    await _publish(stack, traffic[:WARM_UP])
    await _rows(stack, WARM_UP)
    meter = Meter(_pids(stack))
    await _publish(stack, traffic[WARM_UP:])
    await _rows(stack, len(traffic))
    return meter.stop(len(traffic) - WARM_UP)


def _plan(folder: Path, clock: str) -> Plan:
    kafka_port, http_port = ports.free(2)
    env = {"WINBACK_CLOCK": clock}
    return Plan(folder, 1, kafka_port, http_port, (), env=env, give_up=1)


@asynccontextmanager
async def _running(stack: Stack) -> Any:
    async with aclosing(Client(stack.settings)) as client:
        await client.start()
        await stack.ready()
        async with broker.admin(stack.settings, wait=10.0) as admin:
            yield client, admin


async def _guarded(stack: Stack, work: Coroutine[Any, Any, Run]) -> Run:
    """Do the work, but not longer than the stack is able to run."""
    task = asyncio.create_task(work)
    await stack.during(task)
    return task.result()


def _pids(stack: Stack) -> dict[str, int]:
    found = {part: stack.supervisor.pid(name) for name, part in PARTS.items()}
    return {part: pid for part, pid in found.items() if pid is not None}


async def _publish(stack: Stack, traffic: Traffic) -> None:
    await publishing.publish(stack.settings, traffic.chunks())


async def _rows(stack: Stack, wanted: int) -> None:
    """Returns when ClickHouse holds that many events, each once."""
    client = await asyncio.to_thread(clickhouse_connect.get_client, dsn=stack.settings.clickhouse.get_secret_value())
    try:
        while True:
            found = await asyncio.to_thread(client.command, "SELECT count() FROM events")
            if int(found) >= wanted:
                found = await asyncio.to_thread(client.command, "SELECT count() FROM events FINAL")
                if int(found) >= wanted:
                    return
            await asyncio.sleep(LOOK)
    finally:
        client.close()


def _silent(*_: int) -> None:
    pass
