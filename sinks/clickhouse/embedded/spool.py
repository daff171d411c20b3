"""Where the engine puts an answer: a file that it appends to while the answer is being sent.

So an answer is never in memory as a whole, and a query ends at the engine's speed however slowly its client reads.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Final

SUFFIX: Final = ".answers"


def folder(database: str) -> Path:
    """An empty folder for the spools of the database in that directory: what a process before has left goes.

    Raises OSError when it cannot be made.
    """
    path = Path(database + SUFFIX)
    remove(path)
    path.mkdir(mode=0o700)
    return path


def remove(path: Path) -> None:
    """Remove a folder of spools at `path`, with what is in it."""
    shutil.rmtree(path, ignore_errors=True)


class Spool:
    """A new file in `within`, for its owner alone; gone when closed. Raises OSError when it cannot be made."""

    def __init__(self, within: Path) -> None:
        # No ending: the engine would choose a format by it.
        self.path = within / secrets.token_hex(16)
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)

    @property
    def size(self) -> int:
        """Bytes in it so far."""
        return os.fstat(self._file).st_size

    def write(self, data: bytes) -> None:
        """Put an answer there that came as a whole, `data`."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]

    def read(self, at: int, most: int) -> bytes:
        """What there is from `at` on, `most` bytes of it."""
        return os.pread(self._file, most, at)

    def close(self) -> None:
        """Remove it. Only when the engine has done with it: else it would make the file anew."""
        os.close(self._file)
        self.path.unlink(missing_ok=True)
