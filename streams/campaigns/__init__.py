"""Campaign files: the built-in one, and how a file and its templates are read."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from streams.core.campaigns import CampaignFile, Campaigns

_BUILT_IN = Path(str(files("streams.campaigns")))


class _Loader(yaml.SafeLoader):
    """YAML 1.1 takes `on` for true; here, as in YAML 1.2, only true and false are booleans."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def load(path: Path | None) -> Campaigns:
    """Read and validate a campaigns file, the built-in one for None; templates come from `templates/` beside it.

    Raises ValueError with one line that says what is wrong and where.
    """
    source = path or _BUILT_IN / "default.yaml"
    try:
        raw = yaml.load(source.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ValueError(f"{source}: cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{source}: no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(raw, dict):
        raise ValueError(  # noqa: TRY004 - a fault of the file, not of the caller
            f"{source}: a campaigns file is a mapping with the key `campaigns`"
        )
    try:
        file = CampaignFile.model_validate(raw)
    except ValidationError as error:
        raise ValueError(f"{source}: {_first(error)}") from error
    return Campaigns(file, _templates(file, source))


def _first(error: ValidationError) -> str:
    detail: Any = error.errors()[0]
    where = ".".join(str(part) for part in detail["loc"])
    text = str(detail["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def _templates(file: CampaignFile, source: Path) -> dict[tuple[str, str, str], str]:
    """`templates/NAME.CHANNEL.liquid`, else `templates/NAME.liquid`, beside the file or else built in."""
    found: dict[tuple[str, str, str], str] = {}
    for campaign in file.campaigns:
        for step in campaign.steps:
            for channel in step.candidates:
                names = (f"{step.template}.{channel}.liquid", f"{step.template}.liquid")
                folders = (source.parent / "templates", _BUILT_IN / "templates")
                places = [folder / name for folder in folders for name in names]
                place = next((p for p in places if p.is_file()), None)
                if place is None:
                    raise ValueError(
                        f"{source}: campaign {campaign.id!r}: no template {step.template!r}; "
                        f"looked for {places[0]} and {places[1]}"
                    )
                found["", step.template, channel] = place.read_text(encoding="utf-8")
    return found
