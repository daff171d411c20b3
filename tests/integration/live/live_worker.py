"""A stream worker whose wall clock is a file, and which does not fetch the topics that another file names.

`LIVE_CLOCK` is the path of a file with epoch milliseconds, `LIVE_HELD` that of a file with topics, which may be
missing. All else is the worker of `winback streams`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from schemas.settings import Settings
from streams.agents.reports import Reports
from streams.runtime.faust_shell.transport import ChunkConsumer, ChunkTransport
from streams.worker import run


def clock() -> float:
    """Epoch seconds by the file."""
    return int(Path(os.environ["LIVE_CLOCK"]).read_text()) / 1000


class HeldConsumer(ChunkConsumer):
    """Leaves the records of some topics where they are."""

    _held = ""

    def _topics(self) -> list[str]:
        """Topics that are not fetched from now on; that it is so is told in a file named after this process."""
        path = Path(os.environ["LIVE_HELD"])
        held = path.read_text() if path.exists() else ""
        if held != self._held:
            self._held = held
            Path(f"{path}.{os.getpid()}").write_text(held)
        return held.split()

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109
        topics = self._topics()
        waiting = {tp for tp in active_partitions or () if tp.topic in topics}
        self.full |= waiting
        try:
            return await super()._getmany(active_partitions, timeout)
        finally:
            self.full -= waiting


if __name__ == "__main__":
    Reports.__init__.__kwdefaults__["clock"] = clock
    ChunkTransport.Consumer = HeldConsumer
    sys.exit(run(Settings()))
