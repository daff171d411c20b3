"""All that is wrong with a campaigns file and with what it names, each fault with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError

from schemas.yaml_keys import NoYamlError
from streams.campaigns import conditions, exchange, reading, shops, source, templates
from streams.campaigns.reading import Way, every, mapping
from streams.core.campaigns import CampaignFile, Campaigns

Read = TypeVar("Read")


class FileFault(NamedTuple):
    """One thing that is wrong: in which file, where (from 1; 0 where there is no place), and what."""

    file: Path
    line: int
    column: int
    text: str


def load_all(path: Path | None) -> tuple[Campaigns | None, list[FileFault]]:
    """What `load` makes of a file (the built-in one for None), as far as it can be used, and all that it refuses.

    A campaign or a setting that is wrong is left out, and so is a template that is nowhere: what is wrong with the
    others is found all the same. None where nothing can be used.
    """
    at = source(path)
    faults: list[FileFault] = []
    composed = cache(lambda: reading.composed(at))

    def note(told: Way, text: str) -> None:
        faults.append(FileFault(at, *reading.place(composed(), told), text))

    raw = _tried(faults, at, lambda: mapping(at))
    file = None if raw is None else _usable(raw, note)
    if file is None:
        return None, faults
    stores = (
        _tried(faults, at.parent / file.stores, lambda: shops.read(at.parent / str(file.stores))) if file.stores else ()
    )
    for way, text in (*shops.lacking(file, stores or ()), *conditions.faulty(file)):
        note(way, text)
    rates = (
        _tried(faults, at.parent / file.rates, lambda: exchange.read(at.parent / str(file.rates)))
        if file.rates
        else None
    )
    named = _tried(faults, at, lambda: templates.found_and_missing(file, at))
    if named is None:
        return None, faults
    found, missing = named
    for way, text in missing:
        note(way, text)
    texts = _texts(faults, found)
    partials: dict[templates.Name, Path] = {}
    unshown = _tried(faults, at, lambda: list(templates.shown_by(file, at, texts, partials)))
    files = {**partials, **found}
    faults.extend(FileFault(files[one.name], one.line, one.column, one.text) for one in unshown or ())
    return Campaigns(file, texts, stores or (), _texts(faults, partials), rates), list(dict.fromkeys(faults))


def _tried(faults: list[FileFault], file: Path, read: Callable[[], Read]) -> Read | None:
    """What `read` returns; None, and one of the `faults`, where it refuses the `file` as a whole."""
    try:
        return read()
    except NoYamlError as error:
        faults.append(FileFault(file, error.line, error.column, error.text))
    except (ValueError, OSError) as error:
        faults.append(FileFault(file, 0, 0, str(error).removeprefix(f"{file}: ")))
    return None


def _texts(faults: list[FileFault], found: Mapping[templates.Name, Path]) -> dict[templates.Name, str]:
    read = {name: _tried(faults, path, lambda path=path: templates.text(path)) for name, path in found.items()}  # type: ignore[misc]
    return {name: text for name, text in read.items() if text is not None}


def _usable(raw: dict[str, Any], note: Callable[[Way, str], None]) -> CampaignFile | None:
    """The file without the campaigns and settings that are wrong; None where it is wrong as a whole."""
    try:
        return CampaignFile.model_validate(raw)
    except ValidationError as error:
        wrong = every(error, raw)
    for way, text in wrong:
        note(way, text)
    items = {way[1] for way, _ in wrong if len(way) > 1 and way[0] == "campaigns"}
    keys = {way[0] for way, _ in wrong if way and not (len(way) > 1 and way[0] == "campaigns")}
    rest = {key: value for key, value in raw.items() if key not in keys}
    if items and isinstance(rest.get("campaigns"), list):
        rest["campaigns"] = [item for n, item in enumerate(rest["campaigns"]) if n not in items]
    try:
        return CampaignFile.model_validate(rest)
    except ValidationError:
        return None
