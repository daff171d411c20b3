"""How the sink process starts, fails and stops: one clear line, the right exit code, patience with a missing server."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.sink_processes import SERVICE
from tests.support.stack import ROOT, environment, wait_for


def service(log: Path, **settings: str) -> subprocess.Popen[Any]:
    """A sink process without metrics, its output in a file."""
    with log.open("ab") as out:
        env = environment(WINBACK_METRICS=settings.pop("WINBACK_METRICS", ""), **settings)
        return subprocess.Popen([sys.executable, "-c", SERVICE], cwd=ROOT, env=env, stdout=out, stderr=out)


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        ("ftp://127.0.0.1/x", "WINBACK_CLICKHOUSE: ftp:// is none of"),
        ("chdb://", "WINBACK_CLICKHOUSE: an embedded ClickHouse is chdb:///and/its/directory"),
    ],
)
def test_a_dsn_that_cannot_be_one(tmp_path: Path, dsn: str, told: str) -> None:
    """Exit 2 with one line that names the setting."""
    log = tmp_path / "log"
    assert service(log, WINBACK_CLICKHOUSE=dsn).wait(timeout=60) == 2
    [line] = log.read_text().splitlines()
    assert told in line


def test_an_open_address_without_a_password(tmp_path: Path) -> None:
    """Exit 2 at once, with one line that says what to do; no database is made."""
    pytest.importorskip("chdb")
    log = tmp_path / "log"
    process = service(log, WINBACK_CLICKHOUSE=f"chdb://{tmp_path / 'data'}", WINBACK_HTTP="0.0.0.0:0")
    assert process.wait(timeout=60) == 2
    [line] = log.read_text().splitlines()
    assert "WINBACK_HTTP=0.0.0.0:0 can be reached from other machines: set WINBACK_HTTP_PASSWORD" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("setting", ["WINBACK_METRICS", "WINBACK_HTTP"])
def test_an_address_that_is_taken(tmp_path: Path, setting: str) -> None:
    """Exit 1, and the last line says which address."""
    pytest.importorskip("chdb")
    log = tmp_path / "log"
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        address = f"127.0.0.1:{held.getsockname()[1]}"
        settings = {"WINBACK_CLICKHOUSE": f"chdb://{tmp_path / 'data'}", setting: address}
        assert service(log, **settings).wait(timeout=60) == 1
    last = log.read_text().splitlines()[-1]
    assert last.startswith("winback sinks: ")
    assert address in last


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """It says where it looks, waits longer each time, shows no password, and stops at once when told to."""
    log = tmp_path / "log"
    process = service(log, WINBACK_CLICKHOUSE="http://me:hidden@127.0.0.1:1/winback")
    try:
        wait_for(lambda: log.read_text().count("; again in") >= 3, "three tries", alive=process)
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
    text = log.read_text()
    assert "ClickHouse at http://127.0.0.1:1/winback does not answer" in text
    assert [f"again in {pause:.1f} s" in text for pause in (0.2, 0.5, 1.0)] == [True] * 3
    assert "hidden" not in text


def test_a_directory_that_another_process_has_open(tmp_path: Path) -> None:
    """A second process over one directory says so, and goes on trying: the first may be about to stop."""
    pytest.importorskip("chdb")
    hold = "import chdb, sys; c = chdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "data")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    log = tmp_path / "log"
    process = service(log, WINBACK_CLICKHOUSE=f"chdb://{tmp_path / 'data'}", WINBACK_HTTP="127.0.0.1:0")
    try:
        wait_for(lambda: "in use by another process?" in log.read_text(), "the word", alive=process)
        holder.communicate()
        wait_for(lambda: "migration applied" in log.read_text(), "the directory to be free", alive=process)
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        holder.kill()
