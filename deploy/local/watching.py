"""The campaigns file of a running stack: when it, its templates or its stores change, the workers switch to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local import applying, campaigns
from deploy.local.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from schemas.settings import Settings

EVERY: Final = 1.0
"""Seconds between looks."""
WAIT: Final = 60.0
"""Seconds for the workers to switch."""
RECORD: Final = "campaigns.version"
"""In the stack's folder: the version of the file that was in force last."""

Look = tuple[tuple[str, int, int], ...]


class Watch:
    """Looks at a campaigns file and all that belongs to it; `say` takes one line for people.

    What is written in two looks the same counts as written to the end. A file that cannot be used is told once, and
    what was in force stays. A file that was changed while the stack was down is applied when it is up again.
    """

    def __init__(self, path: Path, folder: Path, settings: Settings, say: Callable[[str], None]) -> None:
        self._path, self._settings, self._say = path, settings, say
        self._record = folder / RECORD
        self._before: Look = ()
        self._handled: Look = ()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Once: switch if the file has changed, has been left alone since, and can be used."""
        now = await asyncio.to_thread(self._state)
        if now not in (self._before, self._handled):
            self._before = now
        elif now != self._handled:
            self._handled = now
            await self._switch()

    async def _switch(self) -> None:
        try:
            found, _ = await asyncio.to_thread(campaigns.checked, self._path)
        except BadInputError as problem:
            self._say(f"campaigns stay as they are: {problem}")
            return
        if not self._record.exists():
            # The workers of a new folder have begun with this file.
            self._record.write_text(found.version, encoding="utf-8")
        if self._record.read_text(encoding="utf-8") == found.version:
            return
        try:
            receipts = await applying.apply(self._settings, found, seconds=WAIT)
        except (BadInputError, UnavailableError) as problem:
            self._say(f"campaigns stay as they are: {problem}")
            self._handled = ()
            return
        self._record.write_text(found.version, encoding="utf-8")
        self._say(f"{self._path}: version {found.version} is in force since {receipts.at}")

    def _state(self) -> Look:
        from streams.campaigns import sources

        return tuple(_stamp(path) for path in sources(self._path))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, -1
    return str(path), stat.st_mtime_ns, stat.st_size
