"""One Apache Kafka node in KRaft mode on free ports of 127.0.0.1: `with KafkaServer(folder) as kafka: kafka.address`.

`python -m deploy.kafka.run [--port P] [--dir D]` runs one in the foreground.
"""

from __future__ import annotations

import argparse
import os
import re
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

from deploy import ports
from deploy.errors import UnavailableError
from infra.stopping import stop_signals, stop_with_parent

FETCH: Final = Path(__file__).with_name("fetch.sh")
CHECKOUT: Final = Path(__file__).parents[2]
JAVA_LEAST: Final = 17
SESSION_MS: Final = 9_000
"""Kafka's own default; a killed broker may register again after that time."""
TEST_SESSION_MS: Final = 2_000
CLUSTER: Final = "d2luYmFjay10ZXN0LWtmaw"
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 20.0
JAVA: Final = ("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
               "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")  # fmt: skip

# One node, so every internal topic has one replica. Small pools and no rebalance delay; for tests, which wait for it,
# also a short broker session, before whose end a killed broker may not register again.
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
broker.session.timeout.ms={session}
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
    command = ["bash", str(FETCH), str(_cache())]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise UnavailableError(f"Apache Kafka cannot be fetched: {done.stderr.strip() or done.stdout.strip()}")
    return Path(done.stdout.strip()) / "libs"


def _cache() -> Path:
    """Where jars are kept: in the checkout when run from one, else where the user's caches are."""
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / ".cache" / "kafka"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "winback" / "kafka"


def fetched() -> bool:
    """Whether Kafka's jars are there already."""
    return (_cache() / "pom.xml").exists()


def require_java() -> None:
    """Raises UnavailableError unless there is a Java that Kafka runs on."""
    try:
        said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    except OSError:
        said = ""
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA_LEAST:
        have = f"this one is {found[1]}" if found else "there is no `java` on the PATH"
        raise UnavailableError(f"Apache Kafka needs Java {JAVA_LEAST} or later and {have}: install a JDK, and Maven")


def prepared(folder: Path, port: int, session_ms: int) -> tuple[str, ...]:
    """The command that runs a node on `port`, with its data in a folder, which is made ready for it.

    `session_ms`: milliseconds without a heartbeat after which a consumer counts as gone. Raises UnavailableError.
    """
    require_java()
    libs, (controller,) = str(fetch() / "*"), ports.free(1)
    folder.mkdir(parents=True, exist_ok=True)
    config, logs = folder / "server.properties", folder / "data"
    config.write_text(PROPERTIES.format(port=port, controller=controller, logs=logs, session=session_ms))
    java = (*JAVA, "-cp", libs)
    if not (logs / "meta.properties").exists():
        tool = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(config)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UnavailableError(f"Apache Kafka's storage cannot be formatted: {done.stderr.strip()[-2000:]}")
    return (*java, "kafka.Kafka", str(config))


class KafkaServer:
    """A broker with its data in `folder`; stopped or killed, it can be started again on the same data and port."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        (own,) = ports.free(1)
        self.folder, self.port = folder.resolve(), port or own
        self.address = f"{ports.HOST}:{self.port}"
        self.log = self.folder / "kafka.log"
        fetch()
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
        command = prepared(self.folder, self.port, TEST_SESSION_MS)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=stop_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - see supervisor.py
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


def main() -> None:
    """Run one in the foreground until SIGINT, SIGTERM or SIGHUP."""
    parser = argparse.ArgumentParser(description="One Apache Kafka node in KRaft mode on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--dir", type=Path, default=None, help="keep its data here; a temporary folder when left out")
    given = parser.parse_args()
    stopped = threading.Event()
    for number in stop_signals():
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
