"""The folder of a stack: its owner's alone, and of one secret."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from schemas.settings import Settings

PERSONAL: Final = ("kafka", "clickhouse", "state", "logs")
"""The folders in it that hold personal data."""
ENTRIES: Final = (*PERSONAL, "broker", "campaigns", "addresses.json", ".lock")
"""How the names of what is in it begin."""


def prepare(folder: Path) -> None:
    """Make it, and those in it that hold personal data, 0700, whatever the umask; tighten what is looser.

    A folder that holds other things too stays as it is: those in it protect what they hold. Raises UnavailableError.
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
    """Refuse a secret other than the one that the state of any worker in it was made with. Raises BadInputError."""
    from streams.runtime.errors import SecretError
    from streams.runtime.state.secret import SecretCheck

    for place in sorted((folder / "state").glob("*")):
        try:
            SecretCheck(settings.secret.get_secret_value(), place).folder()
        except SecretError as refused:
            raise BadInputError(str(refused)) from None
