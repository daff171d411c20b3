"""Files that others look at while they are written."""

from __future__ import annotations

import os
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Make a file of this content, or put it in the place of what is there: nobody ever sees a part of it.

    Raises OSError.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(path)
