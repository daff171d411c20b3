"""The interface with a few rows, and the clients fetched."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from schemas.settings import Settings
from sinks.clickhouse.client import connect
from sinks.clickhouse.embedded import serve
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from tests.support import sink_rows as make

HERE = Path(__file__).parent
SECONDS = 120.0
Run = Callable[..., Awaitable[list[str]]]


@pytest.fixture(scope="session")
def fetched() -> Path:
    """The folder with the clients."""
    told = subprocess.run([HERE / "fetch.sh"], check=True, stdout=subprocess.PIPE, text=True)
    return Path(told.stdout.strip())


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of an embedded ClickHouse with two events in it."""
    folder = tmp_path_factory.mktemp("clients") / "clickhouse"
    chosen = Settings(clickhouse=SecretStr(f"chdb://{folder}"), http="127.0.0.1:0")
    client = connect(chosen)
    migrate(client)
    load(client, [make.event("a", "Product Viewed"), make.event("b", "Product Viewed")])
    client.close()
    return chosen


@pytest.fixture
async def run(settings: Settings) -> AsyncIterator[Run]:
    """Runs a client while the interface is served: ADDRESS in its words is where. Gives the lines that it prints."""
    keep = connect(settings)  # the engine stays open as long as a connection does
    async with serve(settings) as (host, port):

        async def lines(*words: str | Path, folder: Path = HERE, **more: str) -> list[str]:
            process = await asyncio.create_subprocess_exec(
                *[str(word).replace("ADDRESS", f"{host}:{port}") for word in words], cwd=folder,
                env=os.environ | {"WINBACK_TEST_PORT": str(port)} | more,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                out, err = await asyncio.wait_for(process.communicate(), SECONDS)
            except TimeoutError:
                process.kill()
                raise
            assert process.returncode == 0, out.decode() + err.decode()
            return out.decode().splitlines()

        yield lines
    keep.close()
