"""When the processes of a stack had to be started again: a file for each, so that whoever looks later can tell."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

SUFFIX: Final = ".restarts"
KEPT: Final = 100


def note(file: Path, at: float, how: str) -> None:
    """Add a restart to a file: when (`at`, epoch seconds), and `how` the process had ended. The last KEPT are kept.

    What cannot be written is not: looking after the process comes first.
    """
    with suppress(OSError):
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.write_text("".join(f"{line}\n" for line in [*lines[1 - KEPT :], f"{at:.0f} {how}"]), encoding="utf-8")


def since(file: Path, at: float) -> list[str]:
    """How the process had ended at each of its restarts since `at` (epoch seconds), the last one last."""
    found = []
    with suppress(OSError):
        for line in file.read_text(encoding="utf-8").splitlines():
            when, _, how = line.partition(" ")
            if when.isdecimal() and float(when) >= at:
                found.append(how)
    return found
