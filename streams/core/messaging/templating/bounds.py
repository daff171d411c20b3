"""Values from outside before a template sees them: no longer than a message bears, and plain text."""

from __future__ import annotations

from typing import Any, Final

from streams.core.messaging.templating.markup import cleaned

LONGEST_VALUE: Final = 2_000
"""Characters of a text; what is longer is cut."""
MOST_VALUES: Final = 1_000
"""Items of a list or a mapping; others are left out."""
_DEEPEST: Final = 8


def bounded(value: Any, depth: int = 0) -> Any:
    """The `value` with texts, lists and mappings cut; `depth` is how many lists and mappings it is inside of."""
    if isinstance(value, str):
        return cleaned(value[:LONGEST_VALUE])
    if isinstance(value, dict):
        if depth == _DEEPEST:
            return {}
        return {key: bounded(value[key], depth + 1) for key in list(value)[:MOST_VALUES]}
    if isinstance(value, list | tuple):
        return [] if depth == _DEEPEST else [bounded(item, depth + 1) for item in value[:MOST_VALUES]]
    return value
