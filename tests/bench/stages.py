"""Each stage by itself on one broker, one after the other: what one leaves on its topics is what the next one reads."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic

from deploy import ports
from deploy.operate import broker
from deploy.stack import publishing
from deploy.stack.supervisor import Spec, Supervisor
from schemas.settings import Settings
from schemas.topics import PROFILE_EVENTS
from streams.core.protocol.order_key import END_OF_TIME
from streams.core.protocol.profile_log import Round
from streams.core.protocol.records import encode
from tests.bench.copy_loop import COPY
from tests.bench.meters import Run
from tests.bench.pipeline import ROOT
from tests.bench.traffic import Traffic

STAGES = ("copy", "ingest", "journey", "sinks")


async def stages(traffic: Traffic, folder: Path) -> dict[str, Run]:
    """What each stage takes for some traffic. `journey` is without identify: nothing merges."""
    async with _broker(folder) as settings:
        await publishing.publish(settings, traffic.chunks())
        found = {}
        for name in STAGES:
            if name == "journey":
                await _end_of_time(settings)
            found[name] = await _stage(name, settings, folder, len(traffic))
        return found


@asynccontextmanager
async def _broker(folder: Path) -> AsyncIterator[Settings]:
    (port,) = ports.free(1)
    settings = Settings(kafka=f"{ports.HOST}:{port}", clock="event")
    program = str(files("noida_db").joinpath("noida-db"))
    command = (program, "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", str(folder / "kafka"))
    supervisor = Supervisor(folder / "logs")
    try:
        await supervisor.start(Spec("kafka", command))
        async with broker.admin(settings, wait=30.0) as client:
            await broker.create_topics(client, settings)
            await client.create_topics([NewTopic(COPY, settings.partitions, 1)])
        yield settings
    finally:
        await supervisor.stop()


async def _end_of_time(settings: Settings) -> None:
    """One round for every partition, behind all events: everything may take effect."""
    notice = encode(Round(1, END_OF_TIME.hex()))
    async with AIOKafkaProducer(**settings.aiokafka(), acks="all") as producer:
        for partition in range(settings.partitions):
            await producer.send_and_wait(PROFILE_EVENTS, notice, partition=partition)


async def _stage(name: str, settings: Settings, folder: Path, events: int) -> Run:
    env = {
        **os.environ, "WINBACK_KAFKA": settings.kafka, "WINBACK_CLOCK": "event", "WINBACK_METRICS": "",
        "WINBACK_GROUP": name, "WINBACK_STATE_DIR": str(folder / name), "WINBACK_LOG_LEVEL": "warning",
        "WINBACK_CLICKHOUSE": f"chdb:///{(folder / 'clickhouse').resolve().as_posix().lstrip('/')}",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.stage", name, cwd=ROOT, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, said = await process.communicate()
    if process.returncode or not told:
        raise RuntimeError(f"stage {name} ended with {process.returncode}:\n{said.decode()[-2000:]}")
    run = orjson.loads(told)
    # The stages read different numbers of records; all are told by the events they come from.
    return Run(events, run["seconds"], run["cpu"])
