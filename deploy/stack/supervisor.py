"""Child processes under one roof: started together, restarted when they crash, stopped in order, never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.errors import UnavailableError
from deploy.stack.guarding import Guard, Ward
from infra import files, restarts
from infra.retry import pause_after
from infra.stopping import stop_with_parent

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
GRACE: Final = 45.0
"""Seconds from SIGTERM to SIGKILL: a little more than a worker takes at most for a clean stop."""
STEADY: Final = 30.0
"""Seconds a child must have run for its earlier crashes to be forgotten."""
TAIL_LINES: Final = 15
BAD_INPUT: Final = 2
"""Exit code of a child whose settings or files are wrong: starting it again would not help."""


@dataclass(frozen=True)
class Spec:
    """What to run: a name for its log and pid files, a command, and variables added to this process's environment."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ground: Ground | None = None
    """Of what the other children stand on, the broker: it is ended after them."""


@dataclass(frozen=True)
class Ground:
    """How what the others stand on is looked after. `ready` returns when it can be used."""

    ready: Callable[[], Awaitable[None]]
    unsaved: Path | None = None
    """A file that is there while it runs and gone once it has ended by SIGTERM, of one that keeps things in memory.

    When such a one crashes, the others are killed before it is started again, and started when it is ready: they hold
    what it has lost, and must not mix that with what it still has.
    """
    lost: Callable[[], None] = lambda: None
    """Called after such a crash, while nothing runs."""


class Supervisor:
    """Keeps children running. `failed` holds an UnavailableError once a child crashed `give_up` times in a row.

    Logs go to `logs/<name>.log`, process ids to `logs/<name>.pid`, how often each was started again to
    `logs/<name>.restarts`. Children are in sessions of their own, so Ctrl-C and
    a closed terminal reach only this process. Should it die first, a guardian (guardian.py) ends them in order.
    `hold`: a file descriptor, of a lock, that the guardian keeps open until then. `grace`: seconds from SIGTERM to
    SIGKILL. `pauses`: seconds before the first restart, doubled with each crash in a row, and before the last. `say`
    takes a line for the user.
    """

    def __init__(
        self,
        logs: Path,
        *,
        grace: float = GRACE,
        give_up: int | None = None,
        say: Callable[[str], None] = lambda _: None,
        hold: int | None = None,
        pauses: tuple[float, float] = (FIRST_PAUSE, LONGEST_PAUSE),
    ) -> None:
        self._pauses = pauses
        self.logs, self.grace, self.give_up = logs, grace, give_up
        self.guard = Guard(grace, hold)
        self._say_to = say
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.restarts: dict[str, int] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping: set[str] = set()
        self._dragged: set[str] = set()
        """Children that were killed because what they stand on has crashed."""
        self._solid = asyncio.Event()
        self._solid.set()
        logs.mkdir(parents=True, exist_ok=True)
        for left in (*logs.glob("*.pid"), *logs.glob("*.restarts")):  # of a supervisor before
            left.unlink()

    async def start(self, spec: Spec) -> None:
        """Start a child and keep it running. Raises UnavailableError when it cannot be started at all."""
        await self.guard.start()
        self.restarts[spec.name] = 0
        process = await self._spawn(spec)
        self._keepers[spec.name] = asyncio.create_task(self._keep(spec, process), name=f"keep {spec.name}")

    def pid(self, name: str) -> int | None:
        """The process id of a running child."""
        process = self._running.get(name)
        return process.pid if process else None

    async def stop(self, names: Iterable[str] | None = None) -> None:
        """SIGTERM to the named children (all when None), SIGKILL after the grace; returns when they are gone.

        Without names the guardian goes as well.
        """
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
        if names is None:
            await self.guard.stop()

    def say(self, text: str) -> None:
        """Pass `text`, one line, on to the user; it is lost when the terminal has been closed."""
        with suppress(OSError):
            self._say_to(text)

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
                    preexec_fn=stop_with_parent if sys.platform == "linux" and spec.ground is None else None,
                )
            except OSError as problem:
                raise UnavailableError(
                    f"{spec.name} cannot be started: {spec.command[0]}: {problem.strerror}"
                ) from None
        self._running[spec.name] = process
        unsaved = spec.ground.unsaved if spec.ground else None
        if unsaved is not None:
            unsaved.touch()
        self.guard.began(process.pid, Ward(0 if spec.ground is None else 1, str(unsaved or "")))
        files.put(self.logs / f"{spec.name}.pid", f"{process.pid}\n".encode())
        files.put(self.logs / f"{spec.name}.restarts", f"{self.restarts[spec.name]}\n".encode())
        return process

    async def _keep(self, spec: Spec, process: asyncio.subprocess.Process) -> None:
        crashes = 0
        while True:
            began = time.monotonic()
            code = await process.wait()
            self._over(spec, process.pid, code)
            if spec.name in self._stopping:
                return
            if spec.name in self._dragged:
                self._dragged.discard(spec.name)
                self._restarted(spec.name, code)
                await self._solid.wait()
                process = await self._spawn(spec)
                continue
            if time.monotonic() - began > STEADY:
                crashes = 0
            crashes += 1
            pause = pause_after(crashes, *self._pauses)
            volatile = spec.ground is not None and spec.ground.unsaved is not None
            most = 1 if volatile else self.give_up  # a run of once is void when what it stands on has lost a part of it
            if code == BAD_INPUT or (self.give_up is not None and most is not None and crashes >= most):
                self._fail(spec.name, crashes)
                return
            self._restarted(spec.name, code)
            self.say(
                f"{spec.name} {_ending(code)}; starting it again in {pause:g} s (log: {self.logs / spec.name}.log)"
            )
            if spec.ground is not None and volatile:
                await self._drag(spec.ground)
            await asyncio.sleep(pause)
            if spec.ground is None:
                await self._solid.wait()
            process = await self._spawn(spec)
            if spec.ground is not None:
                await self._settle(spec.ground, process)

    def _restarted(self, name: str, code: int) -> None:
        """A child that has ended is to be started again."""
        self.restarts[name] += 1
        restarts.note(self.logs / f"{name}{restarts.SUFFIX}", time.time(), _ending(code))

    def _over(self, spec: Spec, pid: int, code: int) -> None:
        """A child has ended."""
        self._running.pop(spec.name, None)
        self.guard.ended(pid)
        (self.logs / f"{spec.name}.pid").unlink(missing_ok=True)
        stopped = spec.name in self._stopping and code != -signal.SIGKILL
        if stopped and spec.ground is not None and spec.ground.unsaved is not None:
            spec.ground.unsaved.unlink(missing_ok=True)

    async def _drag(self, ground: Ground) -> None:
        """Kill all that stands on what has crashed; nothing of it runs when this returns."""
        self._solid.clear()
        running = dict(self._running)
        self._dragged.update(running)
        _signal(running.values(), signal.SIGKILL)
        await asyncio.gather(*(process.wait() for process in running.values()))
        ground.lost()

    async def _settle(self, ground: Ground, process: asyncio.subprocess.Process) -> None:
        """Let the others go on as soon as what they stand on can be used, if it does not crash before."""
        ready, over = asyncio.ensure_future(ground.ready()), asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait({ready, over}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done() and not over.done():
                ready.result()
                self._solid.set()
        except UnavailableError as problem:
            if not self.failed.done():
                self.failed.set_exception(problem)
        finally:
            ready.cancel()
            over.cancel()

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
