"""Campaign files: the built-in one, and how a file, its templates, stores and rates are read."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from streams.campaigns import conditions, exchange, shops, templates
from streams.campaigns.reading import BUILT_IN, first, mapping
from streams.core.campaigns import CampaignFile, Campaigns

__all__ = ["BUILT_IN", "load", "source", "sources"]


def load(path: Path | None) -> Campaigns:
    """Read and validate a campaigns file, the built-in one for None, with what it names.

    Templates come from `templates/` beside the file, else built in; stores and rates from the files it names. Raises
    ValueError with one line that says what is wrong and where.
    """
    place = source(path)
    raw = mapping(place)
    try:
        file = CampaignFile.model_validate(raw)
    except ValidationError as error:
        raise ValueError(f"{place}: {first(error, raw)}") from None
    stores = shops.read(place.parent / file.stores) if file.stores else ()
    shops.require(place, file, stores)
    conditions.require(place, file)
    found = templates.find(file, place)
    texts = {name: templates.text(at) for name, at in found.items()}
    partials = {name: templates.text(at) for name, at in templates.partials(file, place, texts).items()}
    rates = exchange.read(place.parent / file.rates) if file.rates else None
    return Campaigns(file, texts, stores, partials, rates)


def source(path: Path | None) -> Path:
    """The file itself: the built-in one for None."""
    return path or BUILT_IN / "default.yaml"


def sources(path: Path | None) -> list[Path]:
    """Every file that may have a say in what `load(path)` gives: it, its stores and rates, all templates beside it.

    Whatever state they are in: a file that cannot be read is in the list as well.
    """
    place = source(path)
    try:
        stat = place.stat()
        said = _beside(place, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError):
        said = ()
    named = [place.parent / name for name in said if isinstance(name, str)]
    return [place, *named, *sorted((place.parent / templates.FOLDER).rglob("*.liquid"))]


@lru_cache(maxsize=1)
def _beside(place: Path, _changed_ns: int, _size: int) -> tuple[object, ...]:
    """What a file says of stores and of rates, read once as long as the file is the same. Raises ValueError."""
    raw = mapping(place)
    return raw.get("stores"), raw.get("rates")
