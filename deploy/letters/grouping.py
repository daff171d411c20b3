"""Dead letters counted by what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from deploy.errors import BadInputError
from deploy.letters.letter import Letter
from deploy.letters.reading import Found
from schemas.times import iso

KEYS: Final[dict[str, Callable[[Letter], str]]] = {
    "reason": lambda letter: letter.reason,
    "source": lambda letter: letter.source,
    "topic": lambda letter: letter.topic,
    "detail": lambda letter: letter.detail,
    "day": lambda letter: iso(letter.refused_at)[:10],
}
"""What letters can be grouped by: a day is UTC's, and the one on which they were refused."""


def keys(text: str) -> tuple[str, ...]:
    """The names in a text such as `reason,source`. Raises BadInputError for one that is none."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names or (strange := [name for name in names if name not in KEYS]):
        wrong = strange[0] if names else text
        raise BadInputError(f"--by {wrong}: {', '.join(KEYS)}, with a comma between them, are what there is")
    return names


def grouped(found: Iterable[Found], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """A row for each group by these names, the largest first.

    Each has `letters`, how many of them were `replayed`, when the `first` and the `last` was refused (ISO 8601), and
    the id of the `latest`.
    """
    groups: dict[tuple[str, ...], list[Any]] = {}
    for letter, replayed_at in found:
        group = groups.setdefault(tuple(KEYS[name](letter) for name in names), [0, 0, letter.refused_at, -1, ""])
        group[0] += 1
        group[1] += replayed_at is not None
        group[2] = min(group[2], letter.refused_at)
        if letter.refused_at >= group[3]:
            group[3:] = letter.refused_at, letter.place
    return [
        {**dict(zip(names, key, strict=True)), "letters": count, "replayed": replayed, "first": iso(first),
         "last": iso(last), "latest": latest}
        for key, (count, replayed, first, last, latest) in sorted(groups.items(), key=lambda one: (-one[1][0], one[0]))
    ]  # fmt: skip
