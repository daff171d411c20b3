"""Each client connects with the options that people have, reads what there is, and sees errors as the engine's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.clients.conftest import HERE

Run = Callable[..., Awaitable[list[str]]]

SUM = sum(number + len(str(number)) for number in range(300_000))


@pytest.mark.parametrize("options", ["", "client.use_http_compression=true", "compress=false"])
async def test_jdbc(run: Run, fetched: Path, options: str) -> None:
    """With its default options (blocks of LZ4), with HTTP's own packing, and with none."""
    words = [options] if options else []
    found = await run("java", "-cp", f"{fetched}/jdbc/*", HERE / "jdbc" / "Reads.java", "ADDRESS", *words)
    assert found[:5] == ["view web 2 null", f"many {SUM}", "parameters 13000 42", "tables 2", "column channel String"]
    assert found[5].startswith("error 47 Code: 47. DB::Exception: Unknown expression identifier `nope`")
    assert found[6:] == ["valid true"]


async def test_clickhouse_go(run: Run, fetched: Path) -> None:
    """Over HTTP with every packing it has, in Native of its protocol's version."""
    names = ["none", "lz4", "zstd", "gzip", "deflate", "br"]
    found = await run(fetched / "go" / "reads", "ADDRESS", *names)
    for name, line in zip(names, found, strict=True):
        assert line.startswith(f"{name} web 2 true {SUM} 20000 true sendQuery: [HTTP 404] code: 47, message: Unknown")


async def test_the_js_client(run: Run, fetched: Path) -> None:
    """With and without packing; a query that it abandons ends, under the id that it gave."""
    found = [json.loads(line) for line in await run("node", "reads.mjs", "ADDRESS", folder=fetched / "js")]
    told = {
        "ping": True, "view": [{"channel": "web", "events": 2, "open_rate": None}], "many": sum(range(300_000)),
        "length": 13_000, "threads": 3, "error": "47 UNKNOWN_IDENTIFIER", "abandoned": "The user aborted a request.",
    }  # fmt: skip
    assert found == [told, told]


async def test_sqlalchemy(run: Run, fetched: Path) -> None:
    """clickhouse-connect's dialect, with what there is read off the catalogue."""
    found = await run(fetched / "python" / "bin" / "python", HERE / "python" / "alchemy.py", "ADDRESS")
    assert found == [f"('web', 2, None) {SUM} 13000 True True"]


async def test_dbt(run: Run, fetched: Path, tmp_path: Path) -> None:
    """It connects, shows a query, and tests sources: what needs no writing."""
    dbt = [fetched / "python" / "bin" / "dbt", "--no-use-colors", "--log-path", tmp_path]
    where = ["--profiles-dir", "."]
    folder, more = HERE / "python" / "dbt", {"DBT_TARGET_PATH": str(tmp_path)}
    assert any("All checks passed" in line for line in await run(*dbt, "debug", *where, folder=folder, **more))
    query = "select channel, events from {{ source('winback', 'v_channel_daily') }}"
    shown = await run(*dbt, "show", *where, "--inline", query, folder=folder, **more)
    assert "| web     |      2 |" in [line.strip() for line in shown]
    tested = await run(*dbt, "test", *where, folder=folder, **more)
    assert any("PASS=2 WARN=0 ERROR=0" in line for line in tested)
