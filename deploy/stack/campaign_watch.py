"""Watches the campaigns file of a running stack: when it, its templates or its stores change, the workers switch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.errors import BadInputError, UnavailableError
from deploy.operate import campaign_switch, campaigns
from deploy.stack.applied_campaigns import AppliedCampaigns

if TYPE_CHECKING:
    from schemas.settings import Settings

EVERY: Final = 1.0
"""Seconds between looks."""
WAIT: Final = 60.0
"""Seconds for the workers to switch."""

Look = tuple[tuple[str, int, int], ...]


class CampaignWatch:
    """Looks at a campaigns file (None: the built-in one) and all that belongs to it; `say` takes one line for people.

    What is the same in two looks counts as written to the end. A file that cannot be used is told once, and what was
    in force stays. A file that was changed while the stack was down is applied when it is up again.
    """

    def __init__(
        self, path: Path | None, applied: AppliedCampaigns, settings: Settings, say: Callable[[str], None]
    ) -> None:
        self._path, self._applied, self._settings, self._say = path, applied, settings, say
        self._before: Look = ()
        self._handled: Look = ()

    async def run(self) -> None:
        """Look every EVERY seconds, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY)

    async def look(self) -> None:
        """Switch if the file has changed, is the same as at the last look, and can be used."""
        now = await asyncio.to_thread(self._state)
        if now not in (self._before, self._handled):
            self._before = now
        elif now != self._handled:
            self._handled = now
            await self._switch()

    async def _switch(self) -> None:
        try:
            found, _ = await asyncio.to_thread(campaigns.checked, self._path)
            if found.version == self._applied.version:
                return
            receipts = await campaign_switch.apply(self._settings, found, seconds=WAIT)
            await asyncio.to_thread(self._applied.take, found)
        except BadInputError as problem:
            self._say(f"campaigns stay as they are: {problem}")
        except UnavailableError as problem:
            self._say(f"campaigns stay as they are, for now: {problem}")
            self._handled = ()
        else:
            self._say(f"{self._path or 'built-in campaigns'}: version {found.version} is in force since {receipts.at}")

    def _state(self) -> Look:
        from streams.campaigns import sources

        return tuple(_stamp(path) for path in sources(self._path))


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, -1
    return str(path), stat.st_mtime_ns, stat.st_size
