"""JSON as it came: amounts are the text that was sent, so none is rounded, and ids are exact whatever their size."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson

from collector.callbacks.request import UnreadableError

_WHOLE: Final = 18
"""Digits of an integer that every reader of JSON keeps exact."""


def loads(body: bytes | str) -> Any:
    """The value in a `body`: numbers with a point are text, as they stand; so are integers too long for 64 bits.

    NaN and Infinity are None. Raises UnreadableError with the reason.
    """
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
    except UnicodeDecodeError:
        raise UnreadableError("no UTF-8") from None
    try:
        return json.loads(text, parse_float=str, parse_int=_integer, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        raise UnreadableError("no JSON") from None


def load_object(body: bytes | str) -> dict[str, Any]:
    """The object in a `body`. Raises UnreadableError."""
    found = loads(body)
    if not isinstance(found, dict):
        raise UnreadableError("no object")
    return found


def dumps(value: Any) -> bytes:
    """The `value` as JSON; what is no character is written as an escape, which the reader of events mends."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def part(value: Any, *path: str) -> Any:
    """What stands at a `path` of names in a `value`; None where it is not there."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text(value: Any) -> str:
    """A `value` that is a text or a whole number, as text without blanks around it; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none where `value` is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _WHOLE else digits
