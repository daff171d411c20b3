"""YAML files, and what is wrong with one in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from schemas import yaml_keys
from schemas.yaml_keys import UniqueKeys

Way = tuple[str | int, ...]
"""The way to something in a file: keys of mappings, numbers (or ids) of items of lists."""
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
    """What a YAML file says. Raises ValueError when it cannot be read, and NoYamlError when it is no YAML."""
    return yaml_keys.content(path, _Loader)


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
    return every(error, raw)[0][1]


def every(error: ValidationError, raw: Any) -> list[tuple[Way, str]]:
    """All faults: the way to each in `raw`, and what `first` says of it."""
    found = []
    details = error.errors()
    ways = [detail["loc"] for detail in details]
    for detail in details:
        way = detail["loc"]
        if detail["type"] == "too_short" and any(len(one) > len(way) and one[: len(way)] == way for one in ways):
            # Too few items only because those that are there are wrong.
            continue
        names, here = [], raw
        for part in detail["loc"]:
            here = _inside(here, part)
            id_ = here.get("id") if isinstance(part, int) and isinstance(here, Mapping) else None
            names.append(str(id_ or part))
        where, text = ".".join(names), str(detail["msg"]).removeprefix("Value error, ")
        found.append((detail["loc"], f"{where}: {text}" if where else text))
    return found


def composed(path: Path) -> yaml.Node | None:
    """A YAML file with the places of what is in it, for `place`; None for one that cannot be read."""
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None


def place(node: yaml.Node | None, way: Way) -> tuple[int, int]:
    """Where a file (its `node`, of `composed`) has what is at the end of a `way`: (line, column), counted from 1.

    It is as near to it as there is anything. A way goes by keys of mappings, and by numbers or ids of items of lists.
    Returns (0, 0) for a file that cannot be read.
    """
    mark = node.start_mark if node is not None else None
    for part in way:
        node, mark = _step(node, part, mark)
        if node is None:
            break
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)


def _step(node: Any, part: str | int, mark: Any) -> tuple[Any, Any]:
    """The node that a part of a way leads to, and where it stands; None and the `mark` of before where nothing is."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if getattr(key, "value", None) == part:
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value):
            of_item = item.value if isinstance(item, yaml.MappingNode) else ()
            if part == n or any(getattr(k, "value", None) == "id" and v.value == part for k, v in of_item):
                return item, item.start_mark
    return None, mark


def _inside(here: Any, part: str | int) -> Any:
    try:
        return here[part]
    except (KeyError, IndexError, TypeError):
        return None
