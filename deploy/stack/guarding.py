"""The supervisor's side of its guardian (guardian.py): started before the first child, told of each, started again."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import NamedTuple

PROGRAM = (sys.executable, "-m", "deploy.stack.guardian")


class Ward(NamedTuple):
    """A child as the guardian is told of it: when it is to be ended, and a file to remove when it has ended well."""

    stage: int
    path: str


class Guard:
    """Starts the guardian and tells it of children. `grace`: seconds from SIGTERM to SIGKILL.

    `hold`: a file descriptor that the guardian keeps open as well, such as that of a lock on a folder.
    """

    def __init__(self, grace: float, hold: int | None = None) -> None:
        self._grace, self._hold = grace, hold
        self._wards: dict[int, Ward] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start it, unless it runs. Raises OSError."""
        if self._keeper is None:
            await self._spawn()
            self._keeper = asyncio.create_task(self._keep(), name="keep the guardian")

    def began(self, pid: int, ward: Ward) -> None:
        """A child runs under the process id `pid`."""
        self._wards[pid] = ward
        self._tell(_line(pid, ward))

    def ended(self, pid: int) -> None:
        """The child with the process id `pid` has ended."""
        if self._wards.pop(pid, None) is not None:
            self._tell(f"- {pid}\n")

    async def stop(self) -> None:
        """All children have ended: it may go. Returns when it is gone."""
        if self._keeper is None or self._process is None:
            return
        self._keeper.cancel()
        self._keeper = None
        process, self._process = self._process, None
        with suppress(OSError):
            await process.communicate(b"bye\n")

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *PROGRAM, str(self._grace),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True, pass_fds=() if self._hold is None else (self._hold,),
        )  # fmt: skip
        for pid, ward in self._wards.items():
            self._tell(_line(pid, ward))

    async def _keep(self) -> None:
        while self._process is not None:
            await self._process.wait()
            await self._spawn()

    def _tell(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line.encode(errors="surrogateescape"))


def _line(pid: int, ward: Ward) -> str:
    return f"+ {ward.stage} {pid} {ward.path}".rstrip() + "\n"
