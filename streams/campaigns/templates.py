"""Where the templates of a campaigns file are: beside it, in a folder a language or in none, else built in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from liquid.exceptions import LiquidError

from streams.campaigns.reading import BUILT_IN, Way
from streams.core.campaigns import CampaignFile
from streams.core.campaigns.file import LANGUAGE
from streams.core.messaging.render import split
from streams.core.messaging.templating.environment import TemplateEnvironment

FOLDER: Final = "templates"
Name = tuple[str, str, str]
"""Language (empty: whatever it is), name and channel of a template."""


def find(file: CampaignFile, place: Path) -> dict[Name, Path]:
    """The file of each template that a step may use, in each language it is written in.

    A customer gets the one of the own language, else of the file's, else the one outside the folders of languages; of
    a language `NAME.CHANNEL.liquid` comes before `NAME.liquid`. Raises ValueError for one that is nowhere to be found
    for a customer whose language is not known, or a folder that is no language.
    """
    found, missing = found_and_missing(file, place)
    for _, fault in missing:
        raise ValueError(f"{place}: {fault}")
    return found


def found_and_missing(file: CampaignFile, place: Path) -> tuple[dict[Name, Path], list[tuple[Way, str]]]:
    """What `find` returns, without the templates that it refuses: the way to the step of each of these, and why.

    Raises ValueError for a folder that is no language.
    """
    own = place.parent / FOLDER
    languages = _languages(own)
    found: dict[Name, Path] = {}
    missing: list[tuple[Way, str]] = []
    for campaign, step, name, channel in _needed(file):
        here = {language: path for language in ("", *languages) if (path := _one(own, language, name, channel))}
        built_in = None if here else _one(BUILT_IN / FOLDER, "", name, channel)
        if built_in is not None:
            here = {"": built_in}
        if not here.keys() & {"", file.language}:
            why = _missing(place, campaign, name, channel, file.language, sorted(here))
            missing.append((("campaigns", campaign, "steps", step, "template"), why))
        found.update({(language, name, channel): path for language, path in here.items()})
    return found, missing


def partials(file: CampaignFile, place: Path, templates: Mapping[Name, str]) -> dict[Name, Path]:
    """The file of each partial that the `templates` show, or that a partial shows, in each language it is written in.

    All lie in the folder `templates` beside the file. Raises ValueError for one that is not there, one that leads out
    of the folder, and one that would show itself; the line names the template, line and column.
    """
    found: dict[Name, Path] = {}
    for fault in shown_by(file, place, templates, found):
        at = f"{place.parent / FOLDER}: template {fault.name[1]!r}, line {fault.line}, column {fault.column}"
        raise ValueError(f"{at}: {fault.text}")
    return found


class Unshown(NamedTuple):
    """A partial that the template `name` cannot show: where (from 1), and why."""

    name: Name
    line: int
    column: int
    text: str


def shown_by(
    file: CampaignFile, place: Path, templates: Mapping[Name, str], found: dict[Name, Path]
) -> Iterator[Unshown]:
    """Put into `found` what `partials` returns for the same `file`, `place` and `templates`, and yield what it refuses.

    Raises ValueError, as `text`.
    """
    own = place.parent / FOLDER
    languages = ("", *_languages(own))
    for name, shown in templates.items():
        yield from _follow(own, languages, file.language, name, shown, found, (name[1],))


def _follow(
    own: Path, languages: tuple[str, ...], default: str, name: Name, shown: str, found: dict[Name, Path],
    above: tuple[str, ...],
) -> Iterator[Unshown]:  # fmt: skip
    """Find what one text shows; `above` are the names it is shown by."""
    language, _, channel = name
    for partial, where in named(shown).items():
        if partial in above:
            why = f"{partial!r} would show itself: {' in '.join((partial, *reversed(above)))}"
            yield Unshown(name, *where, why)
            continue
        here = {of: path for of in languages if (path := _one(own, of, partial, channel))}
        if not here.keys() & {language, default, ""}:
            wanted = f"{partial}.{channel}.liquid or {partial}.liquid"
            yield Unshown(name, *where, f"no partial {partial!r} for {channel}; it wants {wanted} in {own}")
        for of, path in here.items():
            if not path.resolve().is_relative_to(own.resolve()):
                yield Unshown(name, *where, f"{path} leads out of the folder of templates")
            elif (of, partial, channel) not in found:
                found[of, partial, channel] = path
                inner = (of, partial, channel)
                yield from _follow(own, languages, default, inner, text(path), found, (*above, partial))


def named(shown: str) -> dict[str, tuple[int, int]]:
    """The partials that the template `shown` shows, each with the line and column (from 1) where it does so first."""
    # Whatever else is wrong with the template, that is told with the samples.
    environment = TemplateEnvironment(faults=[])
    body = split(shown)[1]
    try:
        environment.from_string(body)
    except LiquidError:
        return {}
    lines = shown.count("\n") - body.count("\n")
    places = {}
    for partial, token in environment.rendered.items():
        before = token.source[: token.start_index]
        column = token.start_index - before.rfind("\n")
        places[partial] = before.count("\n") + lines + 1, column
    return places


def text(path: Path) -> str:
    """A template's text. Raises ValueError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None


def _needed(file: CampaignFile) -> Iterator[tuple[str, str, str, str]]:
    for campaign in file.campaigns:
        for step in campaign.steps:
            for channel in step.candidates:
                yield campaign.id, step.id, step.template, channel


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
    return f"campaign {campaign!r}: no template {name!r} for {channel}{only}; it wants {files} in {folders}"
