"""YAML files, and what is wrong with one in one line. A key that is there twice is wrong: YAML lets the last win."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class UniqueKeys(yaml.constructor.BaseConstructor):
    """To be put before a loader of yaml."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping at a `node`, `deep` or not. Raises ConstructorError for a key that is there twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


class TextOnly(UniqueKeys, yaml.BaseLoader):
    """All is text, `off` as well, which YAML 1.1 takes for false; no key comes twice."""


class NoYamlError(ValueError):
    """A file that is no YAML: `text` says why, and `line` and `column` where (from 1; 0 where nobody knows)."""

    def __init__(self, path: Path, text: str, line: int = 0, column: int = 0) -> None:
        where = f"line {line}, column {column}: " if line else ""
        super().__init__(f"{path}: no YAML: {where}{text}")
        self.text, self.line, self.column = f"no YAML: {text}", line, column


def content(path: Path, loader: Any) -> Any:
    """What a YAML file says to a `loader` that makes plain values alone.

    Raises ValueError when it cannot be read, and NoYamlError when it is no YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - makes plain values
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        raise NoYamlError(path, str(error.problem), *where) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise NoYamlError(path, " ".join(str(error).split())) from None
