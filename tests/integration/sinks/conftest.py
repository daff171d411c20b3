"""A broker with the pipeline's topics, and sink processes over embedded ClickHouses of their own."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from deploy import ports
from tests.support.sink_processes import Sink, make_topics
from tests.support.stack import wait_for


@pytest.fixture
def address(kafka: str | None, tmp_path: Path) -> Iterator[str]:
    """The address of a broker that has every topic: the embedded one, or Apache Kafka with --broker=kafka."""
    if kafka is not None:
        asyncio.run(make_topics(kafka))
        yield kafka
        return
    program = files("noida_db").joinpath("noida-db")
    (port,) = ports.free(1)
    command = [
        str(program),
        "start",
        "--only",
        "kafka",
        "--kafka-port",
        str(port),
        "--data-dir",
        str(tmp_path / "kafka"),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: ports.answers(port), "the broker to answer", alive=server)
        asyncio.run(make_topics(f"127.0.0.1:{port}"))
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def sink(address: str, tmp_path: Path) -> Iterator[Callable[..., Sink]]:
    """`sink(...)` starts a sink process; whatever runs at the end is killed."""
    pytest.importorskip("chdb")
    started: list[Sink] = []

    def start(
        *, dsn: str | None = None, folder: str = "clickhouse", kafka: str = address, before: str = "", port: int = 0,
        admin: Path | None = None,
    ) -> Sink:  # fmt: skip
        dsn = dsn or f"chdb://{tmp_path / folder}"
        started.append(Sink(kafka, dsn, tmp_path / "sink.log", before=before, port=port, admin=admin))
        return started[-1]

    yield start
    for one in started:
        one.crash()
