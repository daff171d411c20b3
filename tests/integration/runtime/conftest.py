"""A broker of the test's own, workers with small tasks on it, and what the broker knows of them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from time import monotonic
from urllib.request import urlopen

import noida_db
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import JOURNEY_CHANGELOG, PROFILE_EVENTS, catalog
from streams.runtime.state.changelog import MARKER, UnitId, read_marker, unit_of
from streams.runtime.state.store import RESERVED

ROOT = Path(__file__).parents[3]
PATIENCE = 120.0
PARTITIONS = 4


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


async def eventually(condition: Callable[[], Awaitable[object]], what: str, seconds: float = PATIENCE) -> object:
    """What the condition gives once it is true; fails when time is up."""
    until = monotonic() + seconds
    while not (got := await condition()):
        assert monotonic() < until, f"waited {seconds:g} s for {what}"
        await asyncio.sleep(0.05)
    return got


class Embedded:
    """The embedded broker on a free port; killed, it can be started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it."""
        binary = Path(noida_db.__file__).parent / "noida-db"
        command = [binary, "start", "--only", "kafka", "--kafka-port", str(self.port), "--data-dir", self._folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Broker:
    """A running broker with every topic, and clients that ask it things."""

    def __init__(self, server) -> None:
        self.server = server
        self.address = server.address
        self.evicts = not isinstance(server, Embedded)
        """Whether a member that is silent for its session loses its partitions: the embedded broker waits for it."""

    async def make_topics(self) -> None:
        """Wait for the broker and make the catalog's topics."""

        async def connected() -> AIOKafkaAdminClient | None:
            client = AIOKafkaAdminClient(bootstrap_servers=self.address)
            try:
                await client.start()
            except KafkaError:
                await client.close()
                return None
            return client

        admin = await eventually(connected, "the broker to answer")
        await admin.create_topics(
            [NewTopic(t.name, t.partitions, 1, topic_configs=t.config) for t in catalog(PARTITIONS)]
        )
        await admin.close()

    async def recreate(self, topic: str) -> None:
        """Delete a topic with its records and make it anew."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        await admin.delete_topics([topic])

        async def gone() -> bool:
            return topic not in await admin.list_topics()

        await eventually(gone, f"{topic} to be deleted")
        made = next(t for t in catalog(PARTITIONS) if t.name == topic)
        await admin.create_topics([NewTopic(topic, made.partitions, 1, topic_configs=made.config)])
        await admin.close()

    async def produce(self, topic: str, records: Sequence[tuple[int, bytes, bytes]]) -> None:
        """Write (partition, key, value) records."""
        producer = AIOKafkaProducer(bootstrap_servers=self.address, linger_ms=5, max_batch_size=256 * 1024)
        await producer.start()
        for partition, key, value in records:
            await producer.send(topic, value, key=key, partition=partition)
        await producer.stop()

    async def ends(self, topic: str, partitions: int = PARTITIONS) -> list[int]:
        """Where the partitions of a topic end."""
        async with AIOKafkaConsumer(bootstrap_servers=self.address) as consumer:
            found = await consumer.end_offsets([TopicPartition(topic, p) for p in range(partitions)])
        return [found[TopicPartition(topic, p)] for p in range(partitions)]

    async def committed(self, topic: str, group: str = "winback", partitions: int = PARTITIONS) -> list[int]:
        """What the group has committed, 0 where nothing."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        try:
            await admin.start()
            found = await admin.list_consumer_group_offsets(group)
        except KafkaError:  # no broker, or no group yet
            return [0] * partitions
        finally:
            await admin.close()
        offsets = {tp: max(0, one.offset) for tp, one in found.items()}
        return [offsets.get(TopicPartition(topic, p), 0) for p in range(partitions)]

    async def read(self, topic: str, partitions: int = PARTITIONS) -> list[Record]:
        """Everything on a topic."""
        tps = [TopicPartition(topic, p) for p in range(partitions)]
        async with AIOKafkaConsumer(bootstrap_servers=self.address, auto_offset_reset="earliest") as consumer:
            consumer.assign(tps)
            ends = await consumer.end_offsets(tps)
            found: list[Record] = []
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    for records in (await consumer.getmany(tp, timeout_ms=500)).values():
                        found += [Record(*tp, r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]
        return found

    async def state(self, topic: str = JOURNEY_CHANGELOG) -> dict[bytes, int]:
        """The counts a changelog amounts to, over all partitions: whole units only, by the book."""
        counts: dict[bytes, int] = {}
        opened: dict[tuple[int, UnitId], dict] = {}
        for record in await self.read(topic):
            unit = record.partition, unit_of(record)
            if record.key == MARKER:
                counts.update({k: int(v) for k, v in opened.pop(unit, {}).items() if v is not None})
            elif not record.key.startswith(RESERVED):
                opened.setdefault(unit, {})[b"%d:" % record.partition + record.key] = record.value
        return counts

    async def markers(self, topic: str = JOURNEY_CHANGELOG) -> list[int]:
        """The input offset of each partition's last marker, 0 where there is none."""
        offsets = [0] * PARTITIONS
        for record in await self.read(topic):
            if record.key == MARKER:
                offsets[record.partition] = read_marker(record, unit_of(record)).offset
        return offsets


class Worker:
    """A worker process of tests/integration/runtime/small_worker.py and what it has said."""

    def __init__(self, broker: str, folder: Path, name: str, task: str, **settings: str) -> None:
        self.said_in = folder / f"{name}.log"
        self.state_dir = folder / f"{name}-state"
        self.metrics = f"127.0.0.1:{free_port()}"
        plain = {k: v for k, v in os.environ.items() if not k.startswith("WINBACK_")}
        given = {
            "WINBACK_KAFKA": broker, "WINBACK_STATE_DIR": str(self.state_dir), "WINBACK_METRICS": self.metrics,
            "WINBACK_COMMIT_INTERVAL": "0.2", "SMALL_TASK": task, "PYTHONPATH": str(ROOT), **settings,
        }  # fmt: skip
        with self.said_in.open("ab") as said:
            command = [sys.executable, "-m", "tests.integration.runtime.small_worker"]
            self.process = subprocess.Popen(command, cwd=ROOT, env={**plain, **given}, stdout=said, stderr=said)

    @property
    def said(self) -> str:
        """Its log."""
        return self.said_in.read_text(errors="replace")

    async def shown(self) -> str:
        """Its metrics."""

        def page() -> str:
            with urlopen(f"http://{self.metrics}/metrics", timeout=5) as answer:
                return answer.read().decode()

        return await asyncio.to_thread(page)

    def signal(self, which: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(which)

    async def ended(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; its exit code."""
        try:
            return await asyncio.to_thread(self.process.wait, seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"the worker did not end in {seconds:g} s; it said:\n{self.said[-3000:]}")

    async def has_said(self, what: str, times: int = 1) -> None:
        """Wait until it has said something."""

        async def said() -> bool:
            assert self.said.count(what) >= times or self.process.poll() is None, (
                f"it ended, saying:\n{self.said[-3000:]}"
            )
            return self.said.count(what) >= times

        await eventually(said, f"the worker to say {what!r}")


@pytest.fixture
def server(request, tmp_path):
    """A broker that has not been started: the embedded one, or Apache Kafka with --broker=kafka."""
    if request.config.getoption("--broker", "embedded") == "kafka":
        from deploy.kafka.run import KafkaServer  # noqa: PLC0415 - only this choice needs a JDK

        made = KafkaServer(tmp_path / "broker")
    else:
        made = Embedded(tmp_path / "broker")
    yield made
    made.stop()


@pytest.fixture
async def broker(server) -> AsyncIterator[Broker]:
    """A running broker with the topics."""
    server.start()
    made = Broker(server)
    await made.make_topics()
    return made


@pytest.fixture
def worker(server, tmp_path):
    """`worker(task="counting", name="w", **settings)` starts a worker; what still runs at the end is killed."""
    started: list[Worker] = []

    def start(task: str = "counting", name: str = "w", **settings: str) -> Worker:
        started.append(Worker(server.address, tmp_path, name, task, **settings))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()


@pytest.fixture
def settings(server, tmp_path) -> Settings:
    """Settings for what runs in the test's own process."""
    return Settings(kafka=server.address, state_dir=tmp_path / "own-state", state="memory")


def many(count: int, keys: int = 50) -> list[tuple[int, bytes, bytes]]:
    """Records for `profile.events`, round the partitions."""
    return [(n % PARTITIONS, b"k%d" % (n % keys), b"%d" % n) for n in range(count)]


def counts_of(records: Sequence[tuple[int, bytes, bytes]]) -> dict[bytes, int]:
    """What the counting task's state must come to."""
    want: dict[bytes, int] = {}
    for partition, key, _ in records:
        for name in (b"%d:c%s" % (partition, key), b"%d:total" % partition):
            want[name] = want.get(name, 0) + 1
    return want


INPUT = PROFILE_EVENTS
