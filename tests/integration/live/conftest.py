"""A broker and workers of the test's own, a wall clock that the test moves, topics that it holds back."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import aclosing, asynccontextmanager, suppress
from time import monotonic
from urllib.error import URLError

import pytest

from deploy import ports
from deploy.operate import broker, draining, sources
from deploy.stack import outputs, publishing
from deploy.stack.lines import of_objects
from schemas.settings import Settings
from schemas.times import iso
from schemas.topics import CHANNEL_TOPICS, OUTPUT_TOPICS
from tests.integration.runtime.conftest import Embedded, eventually
from tests.support.stack import PATIENCE, ROOT, environment

MOST_RESTARTS = 3
SECRET = "of the test"  # noqa: S105 - of made-up customers


class Live:
    """A shop that is open: workers run, time goes on when the test says so."""

    def __init__(self, server, folder, *, lateness=30, clock="wall", campaigns=None, **env):
        self.folder, self.workers, self._server, self.restarts, self._started = folder, [], server, 0, 0
        folder.mkdir()
        self.settings = Settings(
            kafka=server.address, secret=SECRET, lateness=lateness, clock=clock, campaigns=campaigns,
            group=f"winback-{folder.name}", commit_interval=0.2, **env,
        )  # fmt: skip
        self._env = {"WINBACK_KAFKA": server.address, "WINBACK_SECRET": SECRET, "WINBACK_CLOCK": clock,
                     "WINBACK_LATENESS": str(lateness), "WINBACK_GROUP": self.settings.group,
                     "WINBACK_COMMIT_INTERVAL": "0.2", "LIVE_CLOCK": str(folder / "clock"),
                     "LIVE_HELD": str(folder / "held"),
                     **{f"WINBACK_{name.upper()}": str(value) for name, value in env.items()},
                     **({"WINBACK_CAMPAIGNS": str(campaigns)} if campaigns else {})}  # fmt: skip

    @property
    def env(self):
        """Settings of a command that is to talk to this shop."""
        return {name: value for name, value in self._env.items() if name.startswith("WINBACK_")}

    async def open(self, now, workers=1):
        """Make the topics and start the workers; the clock shows `now` (epoch ms)."""
        self.now(now)
        async with broker.admin(self.settings, wait=60) as client:
            await broker.create_topics(client, self.settings)
        for _ in range(workers):
            self.start()

    def start(self):
        """One more worker, the last among the workers."""
        at, self._started = self._started, self._started + 1
        [port] = ports.free(1)
        env = environment(
            **self._env, WINBACK_STATE_DIR=str(self.folder / f"state-{at}"), WINBACK_METRICS=f"127.0.0.1:{port}"
        )
        with (self.folder / f"worker-{at}.log").open("wb") as log:
            command = [sys.executable, "-m", "tests.integration.live.live_worker"]
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
        self.workers.append((process, port))

    def kill(self):
        """SIGKILL to the worker that has run for longest."""
        process, _ = self.workers.pop(0)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def close(self):
        """End what runs, the broker too."""
        for process, _ in self.workers:
            if process.poll() is None:
                process.kill()
            process.wait()
        (getattr(self._server, "kill", None) or self._server.stop)()

    @property
    def said(self):
        """The ends of the workers' logs."""
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted(self.folder.glob("*.log")))

    # -- what happens

    def now(self, time):
        """The wall clock shows this (epoch ms)."""
        new = self.folder / "clock.new"
        new.write_text(str(time))
        new.replace(self.folder / "clock")

    async def hold(self, *topics):
        """These topics, and no others, are not fetched any more when this returns."""
        new, names = self.folder / "held.new", " ".join(topics)
        new.write_text(names)
        new.replace(self.folder / "held")
        told = [self.folder / f"held.{process.pid}" for process, _ in self.workers if process.poll() is None]

        async def heard():
            return all(path.exists() and path.read_text() == names for path in told)

        await self._alive(eventually(heard, "the workers to hold them back"))

    async def publish(self, lines):
        """Input lines to Kafka, in the order of their time."""
        async with publishing.Publisher(self.settings) as publisher:
            for chunk in of_objects(sorted(lines, key=lambda line: line["timestamp"]), self.settings.partitions):
                await publisher.send(chunk)
            await publisher.flush()

    # -- what can be seen

    @asynccontextmanager
    async def consumer(self):
        """A consumer without a group."""
        from deploy.stack.session import _Client  # noqa: PLC0415

        async with aclosing(_Client(self.settings)) as client:
            await client.start()
            yield client.consumer

    async def read(self, *, but=()):
        """Returns when all of every channel, but of those topics, has been read and committed."""
        topics = [topic for topic in CHANNEL_TOPICS if topic not in but]
        async with self.consumer() as consumer, broker.admin(self.settings, wait=10) as client:
            wanted = await draining.ends(consumer, topics, self.settings)
            await self._alive(draining.committed(client, self.settings.group, wanted, lambda *_: None))

    async def finish(self):
        """Declares the end of input; returns when time has run out. The records of each output topic."""
        async with self.consumer() as consumer:
            offset, _ = await draining.declare_end(consumer, self.settings)
            await self._alive(draining.drained(consumer, offset))
        return await self.records()

    async def records(self, *topics):
        """What has been written so far, by topic; everything that is for others unless topics are named."""
        async with self.consumer() as consumer:
            written = await draining.ends(consumer, topics or OUTPUT_TOPICS, self.settings)
            return await outputs.from_broker(consumer, written)

    async def until(self, topic, count):
        """Returns when so many records have been written to a topic."""

        async def look():
            async with self.consumer() as consumer:
                return sum((await draining.ends(consumer, [topic], self.settings)).values()) >= count

        await self._alive(eventually(look, f"{count} records on {topic}"))

    async def reaches(self, time):
        """Returns when time has come as far as this (epoch ms), by `winback sources`."""

        async def look():
            return (await sources.ask(self.settings, seconds=PATIENCE))["reached"] == iso(time)

        await self._alive(eventually(look, f"time to reach {iso(time)}"))

    def metric(self, name, **labels):
        """The largest value that a worker shows of a metric with at least these labels; None when none does."""
        found = []
        for process, port in self.workers:
            if process.poll() is None:
                with (
                    suppress(URLError),  # it has only just been started
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer,
                ):
                    found += _samples(answer.read().decode(), name, labels)
        return max(found, default=None)

    async def shows(self, name, condition, **labels):
        """Waits until a metric shows what the condition asks for; what it shows."""

        async def look():
            shown = await asyncio.to_thread(self.metric, name, **labels)
            return (shown,) if shown is not None and condition(shown) else None

        [shown] = await self._alive(eventually(look, f"{name} {labels}"))
        return shown

    async def _alive(self, work):
        """What some work comes to. A worker that ends by itself is started again, as a supervisor does, three times."""
        task, until = asyncio.ensure_future(work), monotonic() + PATIENCE
        while not task.done():
            await asyncio.wait([task], timeout=1)
            ended = [one for one in self.workers if one[0].poll() is not None]
            for one in ended:
                self.workers.remove(one)
                self.restarts += 1
                self.start()
            if not task.done() and (self.restarts > MOST_RESTARTS or monotonic() > until):
                task.cancel()
                pytest.fail(f"{self.restarts} restarts; waited up to {PATIENCE:g} s; the workers said: {self.said}")
        return task.result()


def _samples(text, name, labels):
    for line in text.splitlines():
        if match := re.fullmatch(rf"{name}(?:{{(.*)}})? (\S+)", line):
            have = dict(re.findall(r'(\w+)="([^"]*)"', match[1] or ""))
            if labels.items() <= have.items():
                yield float(match[2])


@pytest.fixture
async def live(request, tmp_path):
    """Opens a shop with a name and a time, on a broker of its own (Apache Kafka with --broker=kafka).

    The slow ones are about identify and the workers, and run on the embedded broker only.
    """
    if request.config.getoption("--broker", "embedded") == "kafka" and request.node.get_closest_marker("slow"):
        pytest.skip("nothing of it depends on the broker")
    shops = []

    async def start(name, now, *, workers=1, **settings):
        if request.config.getoption("--broker", "embedded") == "kafka":
            from deploy.kafka.run import KafkaServer  # noqa: PLC0415 - only this choice needs a JDK

            server = KafkaServer(tmp_path / f"broker-{name}")
        else:
            server = Embedded(tmp_path / f"broker-{name}")
        shops.append(Live(server, tmp_path / name, **settings))
        server.start()
        await shops[-1].open(now, workers)
        return shops[-1]

    yield start
    for shop in shops:
        shop.close()
