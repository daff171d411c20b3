"""What the sink's integration tests share: topics, records on them, offsets, and a sink process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy import ports
from deploy.operate import broker
from schemas.record import Record
from schemas.settings import Settings
from tests.support.stack import ROOT, environment, wait_for

SERVICE = """
import sys
from schemas.settings import Settings
from sinks.clickhouse.service import run
sys.exit(run(Settings()))
"""
KILLED_BEFORE_COMMIT = """
import os, signal
from sinks.clickhouse.consumer import SinkConsumer
async def commit(self):
    if self.written:
        os.kill(os.getpid(), signal.SIGKILL)
SinkConsumer.commit = commit
"""


async def make_topics(address: str) -> None:
    """The pipeline's topics on a broker."""
    settings = Settings(kafka=address)
    async with broker.admin(settings, wait=30) as client:
        await broker.create_topics(client, settings)


def produce(address: str, records: Iterable[Record]) -> None:
    """Write records to their topics, spread over the partitions."""

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=address) as producer:
            for at, record in enumerate(records):
                await producer.send(record.topic, record.value, key=record.key or b"", partition=at % 4)

    asyncio.run(send())


def committed(address: str, group: str = "winback-sinks") -> int:
    """The sum of the sink group's offsets: how many records it says are done."""

    async def ask() -> int:
        client = AIOKafkaAdminClient(bootstrap_servers=address)
        await client.start()
        try:
            found = await client.list_consumer_group_offsets(group)
        except KafkaError:
            # A broker that has just started has no coordinator yet.
            return 0
        finally:
            await client.close()
        return sum(max(one.offset, 0) for one in found.values())

    return asyncio.run(ask())


class Sink:
    """A sink process of its own over `folder`, or over any DSN; `ask(sql)` goes through its HTTP interface.

    `admin`: the file of the interface that it writes to.
    """

    def __init__(
        self, kafka: str, dsn: str, log: Path, *, before: str = "", port: int = 0, admin: Path | None = None
    ) -> None:
        free, self.metrics_port = ports.free(2)
        self.port = port or free
        settings = {
            "WINBACK_KAFKA": kafka,
            "WINBACK_CLICKHOUSE": dsn,
            "WINBACK_HTTP": f"127.0.0.1:{self.port}",
            "WINBACK_METRICS": f"127.0.0.1:{self.metrics_port}",
            **({"WINBACK_HTTP_ADMIN": str(admin)} if admin else {}),
        }
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", before + SERVICE], cwd=ROOT, env=environment(**settings), stdout=out, stderr=out
            )

    def ask(self, sql: str) -> str:
        """The answer as tab-separated text, without its last line end; empty while nobody answers."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", data=sql.encode())
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                return response.read().decode().removesuffix("\n")
        except OSError:
            return ""

    def metric(self, line: str) -> float:
        """The value of one sample, named as it is exposed; 0 if it is not."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as response:
            samples = response.read().decode().splitlines()
        return next((float(sample.rsplit(" ", 1)[1]) for sample in samples if sample.startswith(f"{line} ")), 0.0)

    def until(self, sql: str, answer: str) -> None:
        """Wait until a query gives this answer."""
        wait_for(
            lambda: self.ask(sql) == answer, f"{sql!r} to give {answer!r}, got {self.ask(sql)!r}", alive=self.process
        )

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def crash(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
