"""Workers without their servers: they say which address does not answer, try again quietly, and stop when asked."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.stack import ROOT, WINBACK, environment, wait_for

BUSY = 0.5
"""Seconds of processor time that waiting may cost in the time it took to say a second time that there is no answer."""


def nowhere():
    """An address of this machine where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def processor_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize(
    ("command", "missing"),
    [("streams", "WINBACK_KAFKA"), ("sinks", "WINBACK_KAFKA"), ("sinks", "WINBACK_CLICKHOUSE")],
)
def test_a_worker_without_its_server(tmp_path, command, missing):
    """The address is in the log, more than once; waiting costs next to nothing; SIGTERM ends it soon with 0."""
    address = nowhere()
    settings = {
        "WINBACK_KAFKA": nowhere(), "WINBACK_CLICKHOUSE": f"chdb:///{str(tmp_path / 'clickhouse').lstrip('/')}",
        "WINBACK_METRICS": "", "WINBACK_HTTP": nowhere(), "WINBACK_STATE_DIR": str(tmp_path / "state"),
    }  # fmt: skip
    settings[missing] = address if missing == "WINBACK_KAFKA" else f"http://{address}/winback"
    log = tmp_path / "log"
    with log.open("wb") as said:
        worker = subprocess.Popen(
            [*WINBACK, command], cwd=ROOT, env=environment(**settings),
            stdin=subprocess.DEVNULL, stdout=said, stderr=said,
        )  # fmt: skip
    try:
        told = re.compile(re.escape(address))
        wait_for(lambda: told.search(log.read_text()), "the address in the log", alive=worker)
        before, lines = processor_seconds(worker.pid), len(told.findall(log.read_text()))
        wait_for(lambda: len(told.findall(log.read_text())) > lines, "another try", alive=worker)
        assert processor_seconds(worker.pid) - before < BUSY
        assert "Traceback" not in log.read_text()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.wait()
