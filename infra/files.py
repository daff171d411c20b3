"""Files that others look at while they are written."""

from __future__ import annotations

import os
from pathlib import Path


def put(path: Path, content: bytes, *, private: bool = False) -> None:
    """Make a file of this content, or put it in the place of what is there: nobody ever sees a part of it.

    `private`: only its owner may read it, from its first byte on. Raises OSError; then nothing is left beside it.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    try:
        part.touch(mode=0o600 if private else 0o666, exist_ok=False)
        part.write_bytes(content)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
