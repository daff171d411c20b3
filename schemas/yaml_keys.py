"""YAML files in which a key that is there twice is a mistake: YAML itself lets the last one win."""

from __future__ import annotations

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
