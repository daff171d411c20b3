"""One Apache Kafka node in KRaft mode on free ports of 127.0.0.1: `with KafkaServer(folder) as kafka: kafka.address`.

`python -m deploy.kafka.run [--port P] [--dir D]` runs one in the foreground.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.errors import UnavailableError
from deploy.stack import ports
from deploy.stack.supervisor import die_with_parent

FETCH: Final = Path(__file__).with_name("fetch.sh")
CLUSTER: Final = "d2luYmFjay10ZXN0LWtmaw"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
JAVA: Final = ("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
               "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")  # fmt: skip

# One node, so every internal topic has one replica. Small pools, no rebalance delay, and a short broker session, before
# whose end a killed broker may not register again: tests wait for all of them.
PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.backoff.ms=1000
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
"""


def fetch() -> Path:
    """The folder with Kafka's jars, fetched when it is not there yet. Raises UnavailableError."""
    done = subprocess.run([str(FETCH)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"Apache Kafka cannot be fetched: {done.stderr.strip() or done.stdout.strip()}")
    return Path(done.stdout.strip()) / "libs"


class KafkaServer:
    """A broker with its data in `folder`; stopped or killed, it can be started again on the same data and port."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        own, self._controller = ports.free(2)
        self.folder, self.port = folder.resolve(), port or own
        self.address = f"{ports.HOST}:{self.port}"
        self.log = self.folder / "kafka.log"
        self._libs = fetch() / "*"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and return when it answers. Raises UnavailableError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "server.properties"
        logs = self.folder / "data"
        config.write_text(PROPERTIES.format(port=self.port, controller=self._controller, logs=logs))
        if not (logs / "meta.properties").exists():
            self._format(config)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*JAVA, "-cp", str(self._libs), "kafka.Kafka", str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - see supervisor.py
            )  # fmt: skip
        until = time.monotonic() + START_SECONDS
        while not ports.answers(self.port):
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise UnavailableError(f"Apache Kafka did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """An orderly shutdown; a kill if it takes too long."""
        if self._process is not None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self.kill()

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and says nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _format(self, config: Path) -> None:
        tool = [*JAVA, "-cp", str(self._libs), "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(config)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnavailableError(f"Apache Kafka's storage cannot be formatted: {done.stderr.strip()[-2000:]}")


def main() -> None:
    """Run one in the foreground until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="One Apache Kafka node in KRaft mode on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--dir", type=Path, default=None, help="keep its data here; a temporary folder when left out")
    given = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    folder = given.dir or Path(tempfile.mkdtemp(prefix="winback-kafka-"))
    try:
        ports.require(given.port, "Kafka", "--port")
        with KafkaServer(folder, port=given.port) as kafka:
            print(
                f"Apache Kafka at {kafka.address}, process {kafka.pid} of {os.getpid()}, data in {folder}", flush=True
            )
            stopped.wait()
            kafka.stop()
    except UnavailableError as problem:
        sys.exit(f"kafka: {problem}")
    finally:
        if given.dir is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
