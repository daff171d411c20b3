"""Folders that hold personal data: only their owner may look into them, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o700


def private(folder: Path, *, ours: Collection[str] | None = None) -> None:
    """Make a folder, and those above it that are missing, for its owner alone (0700); tighten one that is there.

    A folder of another owner is left as it is, and so is one that holds entries whose names do not begin as one of
    `ours` does (None: any name may be there): it is for other things too, and ours in it are private folders
    themselves. Raises OSError, NotADirectoryError when the place is taken by something that is no folder.
    """
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(made):
        place.mkdir(mode=PRIVATE, exist_ok=True)
    there = folder.stat()
    if not stat.S_ISDIR(there.st_mode):
        raise NotADirectoryError(f"{folder} is not a folder")
    if stat.S_IMODE(there.st_mode) == PRIVATE or there.st_uid != os.geteuid():
        return
    if ours is None or all(entry.name.startswith(tuple(ours)) for entry in os.scandir(folder)):
        folder.chmod(PRIVATE)
