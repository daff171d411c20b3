"""Where the templates of a campaigns file are: beside it, in a folder a language or in none, else built in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.campaigns.reading import BUILT_IN
from streams.core.campaigns import CampaignFile
from streams.core.campaigns.file import LANGUAGE

FOLDER: Final = "templates"
Name = tuple[str, str, str]
"""Language (empty: whatever it is), name and channel of a template."""


def find(file: CampaignFile, place: Path) -> dict[Name, Path]:
    """The file of each template that a step may use, in each language it is written in.

    A customer gets the one of the own language, else of the file's, else the one outside the folders of languages; of
    a language `NAME.CHANNEL.liquid` comes before `NAME.liquid`. Raises ValueError for one that is nowhere to be found
    for a customer whose language is not known, or a folder that is no language.
    """
    own = place.parent / FOLDER
    languages = _languages(own)
    found: dict[Name, Path] = {}
    for campaign, name, channel in _needed(file):
        here = {language: path for language in ("", *languages) if (path := _one(own, language, name, channel))}
        built_in = None if here else _one(BUILT_IN / FOLDER, "", name, channel)
        if built_in is not None:
            here = {"": built_in}
        if not here.keys() & {"", file.language}:
            raise ValueError(_missing(place, campaign, name, channel, file.language, sorted(here)))
        found.update({(language, name, channel): path for language, path in here.items()})
    return found


def text(path: Path) -> str:
    """A template's text. Raises ValueError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None


def _needed(file: CampaignFile) -> Iterator[tuple[str, str, str]]:
    for campaign in file.campaigns:
        for step in campaign.steps:
            for channel in step.candidates:
                yield campaign.id, step.template, channel


def _languages(folder: Path) -> list[str]:
    names = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] not in "._") if folder.is_dir() else []
    for name in names:
        if not re.fullmatch(LANGUAGE, name):
            raise ValueError(
                f"{folder / name}: a folder of templates is a language, two small letters such as de, or zh-Hant"
            )
    return names


def _one(folder: Path, language: str, name: str, channel: str) -> Path | None:
    places = (folder / language / f"{name}.{channel}.liquid", folder / language / f"{name}.liquid")
    return next((path for path in places if path.is_file()), None)


def _missing(place: Path, campaign: str, name: str, channel: str, language: str, others: list[str]) -> str:
    files = f"{name}.{channel}.liquid or {name}.liquid"
    only = f" (there is one in {', '.join(others)})" if others else ""
    folders = f"{place.parent / FOLDER / language} or {place.parent / FOLDER}"
    return f"{place}: campaign {campaign!r}: no template {name!r} for {channel}{only}; it wants {files} in {folders}"
