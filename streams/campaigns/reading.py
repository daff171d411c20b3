"""YAML files, and what is wrong with one in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from schemas.yaml_keys import UniqueKeys

BUILT_IN: Final = Path(str(files("streams.campaigns")))
"""The folder of the built-in file and its templates."""


class _Loader(UniqueKeys, yaml.SafeLoader):
    """YAML 1.1 takes `on` for true; here, as in YAML 1.2, only true and false are booleans, and no key comes twice."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def content(path: Path) -> Any:
    """What a YAML file says. Raises ValueError when it cannot be read or is no YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise ValueError(f"{path}: no YAML: {where}{error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no YAML: {' '.join(str(error).split())}") from None


def mapping(path: Path) -> dict[str, Any]:
    """What the campaigns file at `path` says, as `content`. Raises ValueError also when it is no mapping."""
    raw = content(path)
    if not isinstance(raw, dict):
        raise ValueError(  # noqa: TRY004 - a fault of the file, not of the caller
            f"{path}: a campaigns file is a mapping with the key `campaigns`"
        )
    return raw


def first(error: ValidationError, raw: Any) -> str:
    """The first fault: where, with items of lists by their ids as far as `raw` has them, and what is wrong there."""
    detail: Any = error.errors()[0]
    names, here = [], raw
    for part in detail["loc"]:
        here = _inside(here, part)
        id_ = here.get("id") if isinstance(part, int) and isinstance(here, Mapping) else None
        names.append(str(id_ or part))
    where, text = ".".join(names), str(detail["msg"]).removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def _inside(here: Any, part: str | int) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        return None
