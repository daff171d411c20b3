"""Child processes under one roof: started together, restarted when they crash, stopped in order, never left behind."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.errors import UnavailableError

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
GRACE: Final = 45.0
"""Seconds from SIGTERM to SIGKILL: a little more than a worker takes at most for a clean stop."""
STEADY: Final = 30.0
"""Seconds a child must have run for its earlier crashes to be forgotten."""
PR_SET_PDEATHSIG: Final = 1
TAIL_LINES: Final = 15
BAD_INPUT: Final = 2
"""Exit code of a child whose settings or files are wrong: starting it again would not help."""
LIBC: Final = ctypes.CDLL(None)


@dataclass(frozen=True)
class Spec:
    """What to run: a name for its log and pid files, a command, and variables added to this process's environment."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps children running. `failed` holds an UnavailableError once a child crashed `give_up` times in a row.

    Logs go to `logs/<name>.log`, process ids to `logs/<name>.pid`. Children are in sessions of their own, so Ctrl-C
    reaches only this process, and the kernel kills them should this process die first.
    """

    def __init__(
        self,
        logs: Path,
        *,
        grace: float = GRACE,
        give_up: int | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.logs, self.grace, self.give_up, self.say = logs, grace, give_up, say
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.restarts: dict[str, int] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping: set[str] = set()
        logs.mkdir(parents=True, exist_ok=True)

    async def start(self, spec: Spec) -> None:
        """Start a child and keep it running. Raises UnavailableError when it cannot be started at all."""
        self.restarts[spec.name] = 0
        process = await self._spawn(spec)
        self._keepers[spec.name] = asyncio.create_task(self._keep(spec, process), name=f"keep {spec.name}")

    def pid(self, name: str) -> int | None:
        """The process id of a running child."""
        process = self._running.get(name)
        return process.pid if process else None

    async def stop(self, names: Iterable[str] | None = None) -> None:
        """SIGTERM to the named children (all when None), SIGKILL after the grace; returns when they are gone."""
        chosen = [name for name in (list(self._keepers) if names is None else names) if name in self._keepers]
        self._stopping.update(chosen)
        running = {name: self._running[name] for name in chosen if name in self._running}
        for name in chosen:
            if name not in running:
                self._keepers[name].cancel()  # it sleeps before a restart
        _signal(running.values(), signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(process.wait() for process in running.values())), self.grace)
        _signal([process for process in running.values() if process.returncode is None], signal.SIGKILL)
        await asyncio.gather(*(self._keepers.pop(name) for name in chosen), return_exceptions=True)

    def tail(self, name: str) -> str:
        """The last lines of a child's log."""
        try:
            lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-TAIL_LINES:])

    async def _spawn(self, spec: Spec) -> asyncio.subprocess.Process:
        with (self.logs / f"{spec.name}.log").open("ab") as log:
            try:
                process = await asyncio.create_subprocess_exec(
                    *spec.command,
                    env={**os.environ, **spec.env},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=die_with_parent if sys.platform == "linux" else None,
                )
            except OSError as problem:
                raise UnavailableError(
                    f"{spec.name} cannot be started: {spec.command[0]}: {problem.strerror}"
                ) from None
        self._running[spec.name] = process
        (self.logs / f"{spec.name}.pid").write_text(f"{process.pid}\n")
        return process

    async def _keep(self, spec: Spec, process: asyncio.subprocess.Process) -> None:
        pause, crashes = FIRST_PAUSE, 0
        while True:
            began = time.monotonic()
            code = await process.wait()
            self._running.pop(spec.name, None)
            (self.logs / f"{spec.name}.pid").unlink(missing_ok=True)
            if spec.name in self._stopping:
                return
            if time.monotonic() - began > STEADY:
                pause, crashes = FIRST_PAUSE, 0
            crashes += 1
            if code == BAD_INPUT or (self.give_up is not None and crashes >= self.give_up):
                self._fail(spec.name, crashes)
                return
            self.restarts[spec.name] += 1
            self.say(
                f"{spec.name} {_ending(code)}; starting it again in {pause:g} s (log: {self.logs / spec.name}.log)"
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            process = await self._spawn(spec)

    def _fail(self, name: str, crashes: int) -> None:
        if not self.failed.done():
            times = "" if crashes == 1 else f" {crashes} times"
            self.failed.set_exception(UnavailableError(f"{name} failed{times}; its last lines:\n{self.tail(name)}"))


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"


def _signal(processes: Iterable[asyncio.subprocess.Process], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            process.send_signal(number)


def die_with_parent() -> None:
    """In the child, before exec: ask the kernel for SIGKILL when the parent goes."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
