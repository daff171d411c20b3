"""What the stack tests share: running commands, running stacks, waiting for conditions, comparing output files."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.shop import simulate

WINBACK = (sys.executable, "-m", "deploy.cli.main")
ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
CHUNK = 100
"""Lines a feeder writes at once."""


class Once:
    """A running `winback once`: its folder of data and logs, its output files, and its process."""

    def __init__(self, place, arguments, *, stdin=subprocess.DEVNULL, **settings):
        self.out, self.folder = place / "out", place / "stack"
        program = [*WINBACK, "once", *map(str, arguments), "--out", self.out, "--dir", self.folder, "--json"]
        # It answers on standard output; what it says beside goes to a file, so that no pipe can fill up.
        self.said = place / "said.txt"
        place.mkdir(parents=True, exist_ok=True)
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                program, cwd=ROOT, env=environment(**settings), stdin=stdin, stdout=subprocess.PIPE, stderr=said
            )

    @property
    def told(self):
        """Everything it has written on standard error, and the logs of its children."""
        logs = [f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.folder.glob("logs/*.log")]
        return self.said.read_text(errors="replace") + "\n".join(logs)

    def report(self):
        """Wait for its end; it must have gone well. The report."""
        answer, _ = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0, self.told
        return json.loads(answer)

    def address(self, name):
        """One of the stack's addresses, once it has booted."""
        path = self.folder / "addresses.json"
        wait_for(path.exists, "the stack to boot", alive=self.process)
        return json.loads(path.read_text())[name]

    def pid(self, child):
        """The process id of one of the stack's children, once it runs."""
        path = self.folder / "logs" / f"{child}.pid"

        def written():
            # The file of one that has been killed goes before that of the next one is written.
            with suppress(FileNotFoundError):
                return int(path.read_text().strip() or 0)
            return 0

        return wait_for(written, f"{child} to run", alive=self.process)

    def kill(self, child):
        """SIGKILL to one of the children; returns its process id."""
        pid = self.pid(child)
        os.kill(pid, signal.SIGKILL)
        return pid

    def feed(self, lines, *, per_second):
        """Write lines to its standard input at this rate, in a thread of their own."""
        return Feeder(self.process, lines, per_second)


class Feeder:
    """Lines on their way into a process, with something to wait for."""

    def __init__(self, process, lines, per_second):
        self.written, self._lines, self._process = 0, lines, process
        self._pause = CHUNK / per_second
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def reached(self, share):
        """Returns once this share of the lines has been written."""
        wait_for(lambda: self.written >= share * len(self._lines), "the input to flow", alive=self._process)

    def finish(self):
        """Returns once all is written and the input is closed."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the input does not flow"
        self._process.stdin = None  # or communicate would close it once more

    def _write(self):
        ticks = threading.Event()
        with suppress(BrokenPipeError):  # it ended, or was ended: the test says so better
            for at in range(0, len(self._lines), CHUNK):
                self._process.stdin.write(b"".join(self._lines[at : at + CHUNK]))
                self._process.stdin.flush()
                self.written += CHUNK
                ticks.wait(self._pause)
            self.written = len(self._lines)
            self._process.stdin.close()


def environment(**settings):
    """This process's environment with no Winback settings but these."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("WINBACK_")}
    return {**plain, "PYTHONPATH": str(ROOT), **settings}


def winback(*arguments, **settings):
    """A command run to its end."""
    program = [*WINBACK, *map(str, arguments)]
    return subprocess.run(
        program, cwd=ROOT, env=environment(**settings), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=PATIENCE * 2, check=False,
    )  # fmt: skip


def wait_for(condition, what, *, alive=None, seconds=PATIENCE):
    """Returns what the condition does once it is true; fails when time is up, or when a process it needs has ended."""
    until, pause = time.monotonic() + seconds, threading.Event()
    while not (got := condition()):
        assert time.monotonic() < until, f"waited {seconds:g} s for {what}"
        assert alive is None or alive.poll() is None, f"{what}: the process ended with {alive.returncode}"
        pause.wait(0.02)
    return got


def committed(address, group="winback"):
    """Records of the raw topics that a group has committed, by its broker's own account."""
    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415
    from aiokafka.errors import KafkaError  # noqa: PLC0415

    async def ask():
        client = AIOKafkaAdminClient(bootstrap_servers=address)
        try:
            await client.start()
            found = await client.list_consumer_group_offsets(group)
            return sum(max(one.offset, 0) for tp, one in found.items() if tp.topic.startswith("channels."))
        except KafkaError:
            return 0
        finally:
            with suppress(KafkaError):
                await client.close()

    return asyncio.run(ask())


def same_files(left, right):
    """Fails unless two folders hold the same files with the same bytes; says which lines differ first."""
    names = sorted(path.name for path in left.iterdir())
    assert names == sorted(path.name for path in right.iterdir())
    for name in names:
        one, other = (left / name).read_bytes(), (right / name).read_bytes()
        if one != other:
            pairs = zip(one.splitlines(), other.splitlines(), strict=False)
            differ = [around(a, b) for a, b in pairs if a != b]
            pytest.fail(
                f"{name}: {one.count(10)} lines and {other.count(10)}, {len(differ)} differ; first: {differ[:3]}"
            )


def around(one, other):
    """Where two lines part: what comes just before, and how each goes on."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[max(0, at - 60) : at + 40], other[max(0, at - 60) : at + 40]


def write(path, lines):
    """A file of input lines."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def write_shop(path, *, customers, days, seed):
    """A simulated shop's lines, as a file."""
    return write(path, simulate(customers, days, seed, None))
