"""The process that ends a supervisor's children in order when the supervisor itself was killed: `python -m` this.

It reads lines from its standard input, which only the supervisor holds open: `+ STAGE PID [PATH]` a child runs, `- PID`
it has ended, `bye` all is well. At the end of the input without a `bye` the supervisor is gone: the children of each
stage get SIGTERM, lowest stage first, and SIGKILL once the grace (the argument, in seconds) is over; the next stage's
turn comes when they are gone. So workers finish what they have at hand on a broker that still runs, and the broker has
time to save. PATH is a file to remove when its child has ended by SIGTERM. It knows nothing but the standard library.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

LOOK: Final = 0.02
"""Seconds between looks at a process where the system has no handle to wait for."""


class Child:
    """A process of the supervisor, ended with its `stage`. `path`: a file to remove once it has ended by SIGTERM.

    On Linux it is held by a handle, so that its `pid` can never come to mean another process.
    """

    def __init__(self, stage: int, pid: int, path: str) -> None:
        self.stage, self.pid, self.path = stage, pid, path
        self._handle = -1
        if sys.platform == "linux":
            with suppress(OSError):
                self._handle = os.pidfd_open(pid)

    def send(self, number: int) -> None:
        """Send the signal with this number; nothing happens when the process is gone."""
        with suppress(OSError):
            if sys.platform == "linux":
                if self._handle >= 0:
                    signal.pidfd_send_signal(self._handle, number)
            else:
                os.kill(self.pid, number)

    def gone(self, seconds: float) -> bool:
        """Whether it has ended, or does within so many seconds."""
        if sys.platform == "linux":
            if self._handle < 0:
                return True
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            return bool(poll.poll(max(0.0, seconds) * 1000))
        until = time.monotonic() + seconds
        while True:
            try:
                os.kill(self.pid, 0)
            except OSError:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK)

    def close(self) -> None:
        """Let go of the handle."""
        if self._handle >= 0:
            os.close(self._handle)


def watch(lines: Iterable[bytes], grace: float) -> None:
    """Follow the supervisor's `lines`; returns when it has said goodbye, or when every child has been ended for it.

    `grace`: seconds from SIGTERM to SIGKILL.
    """
    children: dict[int, Child] = {}
    for line in lines:
        word, *rest = line.decode(errors="surrogateescape").rstrip("\n").split(" ", 3)
        if word == "bye":
            return
        if word == "+":
            stage, pid, path = int(rest[0]), int(rest[1]), rest[2] if len(rest) > 2 else ""
            children[pid] = Child(stage, pid, path)
        elif word == "-" and (ended := children.pop(int(rest[0]), None)) is not None:
            ended.close()
    for stage in sorted({child.stage for child in children.values()}):
        _end([child for child in children.values() if child.stage == stage], grace)


def _end(children: Collection[Child], grace: float) -> None:
    for child in children:
        child.send(signal.SIGTERM)
    until = time.monotonic() + grace
    for child in children:
        if not child.gone(until - time.monotonic()):
            child.send(signal.SIGKILL)
            child.gone(grace)
        elif child.path:
            Path(child.path).unlink(missing_ok=True)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # whoever ends all processes of a machine ends its supervisor as well
    watch(sys.stdin.buffer, float(sys.argv[1]))
