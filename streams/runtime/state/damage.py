"""Local state that is damaged: how it is told from a full disk, and how it gets out of the way.

Nothing in it is needed: all of it is in the changelog. The last damaged one is kept all the same, for whoever wants to
know what happened; it holds personal data, and no erasure reaches it.
"""

from __future__ import annotations

import glob
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from streams.metrics import STATE_CORRUPT
from streams.runtime.errors import CorruptStateError, WorkerError

log = structlog.get_logger("winback.state")

FLAG: Final = "WINBACK-CORRUPT"
"""A file of this name in a state folder: a read or write has found damage in it that opening it does not show."""
HELD: Final = ("lock hold by current process", "while lock file")
"""What RocksDB says of a folder that a process has open."""
MACHINE: Final = (
    "permission denied", "no space left", "disk quota exceeded", "read-only file system", "too many open files",
    "cannot allocate memory", "operation not permitted",
)  # fmt: skip
"""What is wrong with the machine, not with the files: another folder would fare no better."""


def held(error: BaseException) -> bool:
    """Whether a folder could not be opened because a process has it open."""
    return any(words in str(error).lower() for words in HELD)


def of_machine(error: BaseException) -> bool:
    """Whether the files may be sound, and the machine does not let us at them."""
    return any(words in str(error).lower() for words in MACHINE)


def flagged(folder: Path) -> bool:
    """Whether damage was found in it while it was in use."""
    return (folder / FLAG).exists()


@contextmanager
def noticed(folder: Path) -> Iterator[None]:
    """What RocksDB raises inside ends the worker, and the next that opens the folder knows that it is damaged.

    Raises CorruptStateError, or WorkerError for what is the machine's fault.
    """
    try:
        yield
    except WorkerError:
        raise
    except Exception as error:
        raise found(folder, error) from error


def found(folder: Path, error: Exception) -> WorkerError:
    """The error to raise for what RocksDB has raised; damage is flagged in the folder."""
    if of_machine(error):
        return WorkerError(f"the state in {folder} cannot be read or written: {error}")
    with suppress(OSError):
        (folder / FLAG).touch()
    return CorruptStateError(
        f"the state in {folder} is damaged: {error}; nothing more is committed, and the next start moves it aside and "
        "rebuilds it from the changelog"
    )


def set_aside(place: Path, reason: str) -> Path:
    """Rename a damaged folder (or a file in its place) to `<name>.corrupt-<UTC time>`, and say why (`reason`).

    One that was moved aside before from the same place is deleted. Raises OSError.
    """
    before = list(place.parent.glob(f"{glob.escape(place.name)}.corrupt-*"))
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (f"{place.name}.corrupt-{stamp}{suffix}" for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
    aside = next(there for name in names if not (there := place.with_name(name)).exists())
    place.rename(aside)
    for old in before:
        shutil.rmtree(old, ignore_errors=True)
    STATE_CORRUPT.inc()
    log.error(
        "local state is damaged: it is moved aside and rebuilt from the changelog; delete the old folder when nobody "
        "needs it: it holds personal data", state=str(place), moved_to=str(aside), reason=reason,
    )  # fmt: skip
    return aside
