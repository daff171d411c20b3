"""What an idle `winback up` costs: processor time of all its processes while nothing comes in.

    python -m tests.bench.bench_idle [--checkout DIR ...] [--seconds 60] [--settle 60] [--customers 1100]

Boots the `winback up` of each checkout (this one if none is named; each runs with its own `.venv`), all side by side,
so that whatever else the machine does slows all of them alike. Reads user and system time of every process of each from
/proc over the same seconds: first while nothing has ever come in, then, after a simulated day has been published and
has settled, once more. Prints percent of one core by process, and the ratio of the first checkout to each other.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
BOOT_SECONDS = 120.0
Usage = dict[str, float]


class Up:
    """One running `winback up` of a checkout, in a folder of its own, on free ports."""

    def __init__(self, checkout: Path, folder: Path, workers: int) -> None:
        self.checkout = checkout
        self.winback = str(checkout / ".venv" / "bin" / "winback")
        kafka, http, metrics = _free_ports(3 + workers)[:3]
        self.kafka = f"127.0.0.1:{kafka}"
        self._said = folder / "up.log"
        command = [
            self.winback, "up", "--dir", str(folder / "state"), "--workers", str(workers),
            "--kafka-port", str(kafka), "--http-port", str(http), "--metrics-port", str(metrics),
        ]  # fmt: skip
        with self._said.open("wb") as out:
            self.process = subprocess.Popen(command, cwd=checkout, stdout=out, stderr=out)

    def ready(self) -> None:
        """Returns when the stack says that it runs. Raises RuntimeError when it ends or takes too long."""
        until = time.monotonic() + BOOT_SECONDS
        while "running;" not in (said := self._said.read_text()):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.checkout}: `winback up` did not come up:\n{said}")
            time.sleep(0.2)

    def publish(self, lines: Path) -> None:
        """Publish input lines to its broker."""
        command = [self.winback, "publish", str(lines)]
        subprocess.run(command, cwd=self.checkout, env={**os.environ, "WINBACK_KAFKA": self.kafka}, check=True)

    def used(self) -> Usage:
        """Seconds of processor time so far, by process: `up`, its children, and `total`."""
        children = [int(p) for p in _read(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()]
        used: Usage = {"up": _seconds(self.process.pid)}
        for pid in children:
            used[_name(pid)] = used.get(_name(pid), 0.0) + _seconds(pid)
        return {**used, "total": sum(used.values())}

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def _free_ports(count: int) -> list[int]:
    """The first of `count` successive ports that are free, and those after it."""
    for first in range(21_000, 30_000, count):
        try:
            with ExitStack() as held:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            continue
        return list(range(first, first + count))
    raise RuntimeError("no free ports")


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8", errors="replace")


def _seconds(pid: int) -> float:
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _name(pid: int) -> str:
    command = _read(f"/proc/{pid}/cmdline").split("\0")
    return "kafka" if "noida-db" in command[0] else command[3] if len(command) > 3 else command[0]


def measure(stacks: list[Up], seconds: float) -> list[Usage]:
    """Percent of one core by process of each stack, over the same seconds."""
    before, began = [up.used() for up in stacks], time.monotonic()
    time.sleep(seconds)
    after, took = [up.used() for up in stacks], time.monotonic() - began
    return [{name: 100 * (b[name] - a.get(name, 0.0)) / took for name in b} for a, b in zip(before, after, strict=True)]


def show(what: str, stacks: list[Up], found: list[Usage]) -> None:
    """One line a checkout, and the ratios."""
    print(what)
    for up, usage in zip(stacks, found, strict=True):
        parts = "  ".join(f"{name} {percent:5.2f}" for name, percent in usage.items())
        print(f"  {parts}  % of a core  ({up.checkout})")
    for up, usage in list(zip(stacks, found, strict=True))[1:]:
        print(f"  ratio to {up.checkout}: {found[0]['total'] / usage['total']:.3f}", flush=True)


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkout", type=Path, action="append", help="a checkout with a .venv; may be repeated")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to look")
    parser.add_argument("--settle", type=float, default=60.0, help="how long to wait before each look")
    parser.add_argument("--customers", type=int, default=1_100, help="of the simulated day; about six events each")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    checkouts = [path.resolve() for path in options.checkout or [HERE]]
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="winback-idle-")))
        lines = folder / "lines.jsonl"
        winback = str(HERE / ".venv" / "bin" / "winback")
        simulate = [winback, "simulate", "--customers", str(options.customers), "--seed", "7"]
        with lines.open("wb") as out:
            subprocess.run(simulate, cwd=HERE, stdout=out, check=True)
        stacks = []
        for nth, checkout in enumerate(checkouts):
            (folder / str(nth)).mkdir()
            up = Up(checkout, folder / str(nth), options.workers)
            exits.callback(up.stop)
            up.ready()
            stacks.append(up)
        time.sleep(options.settle)
        show("empty", stacks, measure(stacks, options.seconds))
        for up in stacks:
            up.publish(lines)
        time.sleep(options.settle)
        count = len(lines.read_bytes().splitlines())
        show(f"after {count:,} events", stacks, measure(stacks, options.seconds))


if __name__ == "__main__":
    main()
