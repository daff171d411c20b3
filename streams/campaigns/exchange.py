"""The rates file: how much of other currencies one unit of a base currency is."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from streams.campaigns.reading import content, first
from streams.core.campaigns import Rates


def read(path: Path) -> Rates:
    """The rates of the file at `path`. Raises ValueError with one line that says what is wrong and where."""
    raw = content(path)
    if not isinstance(raw, dict):
        raise ValueError(  # noqa: TRY004 - a fault of the file
            f"{path}: a rates file is a mapping with the keys `base` and `rates`"
        )
    try:
        return Rates.model_validate(raw)
    except ValidationError as error:
        raise ValueError(f"{path}: {first(error, raw)}") from None
