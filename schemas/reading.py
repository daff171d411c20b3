"""What makes events of raw records, as the settings say."""

from __future__ import annotations

from schemas.aliases import shop_file
from schemas.events import Reader
from schemas.settings import Settings


def reader_of(settings: Settings) -> Reader:
    """The reader of these `settings`. Raises ValueError when the file of aliases is not valid."""
    return Reader(settings.phone_region, settings.blocked_values(), shop_file.load(settings.aliases))
