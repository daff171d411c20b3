"""The folder of a stack: readable by its owner alone, and bound to one secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from schemas.settings import Settings

PERSONAL: Final = ("kafka", "clickhouse", "state", "logs")
"""The folders of a stack's folder that hold personal data."""
ENTRIES: Final = (*PERSONAL, "broker", "campaigns", "addresses.json", ".lock")
"""How the names of a stack folder's entries begin."""


def prepare(folder: Path) -> None:
    """Make the folder and its PERSONAL folders with mode 0700, whatever the umask; tighten those that are looser.

    A folder that holds other entries too keeps its mode: its PERSONAL folders are tight. Raises UnavailableError.
    """
    from infra.folders import private

    try:
        private(folder, ours=ENTRIES)
        for name in PERSONAL:
            private(folder / name)
    except OSError as problem:
        said = problem.strerror or problem
        raise UnavailableError(f"{folder}: cannot be written ({said}); choose another with --dir") from None


def same_secret(folder: Path, settings: Settings) -> None:
    """Raises BadInputError when the state of a worker in the folder was made with another secret."""
    from streams.runtime.errors import SecretError
    from streams.runtime.state.secret import SecretCheck

    for place in sorted((folder / "state").glob("*")):
        try:
            SecretCheck(settings.secret.get_secret_value(), place).folder()
        except SecretError as refused:
            raise BadInputError(str(refused)) from None
