"""Reading a campaigns file, with what is wrong with it told in one line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local.errors import BadInputError

if TYPE_CHECKING:
    from streams.core.campaigns import Campaigns


def load(path: Path | None) -> Campaigns:
    """The validated campaigns of a file and its templates; the built-in ones for None. Raises BadInputError."""
    from streams.campaigns import load as read

    try:
        return read(path)
    except (ValueError, OSError) as problem:
        raise BadInputError(str(problem)) from None
