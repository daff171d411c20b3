"""Values of records as ClickHouse columns take them. Each raises ValueError or TypeError for what none can hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from schemas import times
from schemas.money import MICRO, micros
from schemas.values import text_of

LAST_TIME: Final = 10_413_791_999_999
"""Epoch milliseconds of the end of 2299, where DateTime64 ends; later times are held there."""
FAR: Final = "2300"
"""Text of later times begins with this or sorts behind it."""
ISO_LENGTH: Final = 24
MAX_UINT32: Final = 2**32 - 1
MAX_UINT64: Final = 2**64 - 1


def moment(value: object) -> str:
    """The `value` of a time as ISO 8601 text with milliseconds. Raises ValueError for an unreadable time."""
    # What the pipeline writes passes as it is, once it has been found to be a date.
    if type(value) is str and len(value) == ISO_LENGTH and value[23] == "Z" and value[19] == "." and value < FAR:
        datetime.fromisoformat(value)
        return value
    ms = times.parse(value)
    if ms is None:
        raise ValueError("unreadable time")
    return times.iso(min(ms, LAST_TIME))


def moment_or_none(value: object) -> str | None:
    """The `value` of a time as ISO 8601 text; None if it was not given. Raises ValueError for an unreadable time."""
    return None if times.is_absent(value) else moment(value)


def text(value: object) -> str:
    """A scalar `value` as text; null is empty. Raises TypeError for a list or an object."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    found = text_of(value)
    if found is None:
        raise TypeError("a list or an object where text belongs")
    return found


def identity(value: object) -> str:
    """A `value` that is part of a key: text that is not empty. Raises ValueError otherwise."""
    if type(value) is not str or not value:
        raise ValueError("missing key")
    return value


def label(value: object) -> str:
    """A scalar a producer chose, for a column of few distinct values; anything else is empty."""
    found = text_of(value)
    return found[:200] if found else ""


def number(value: object, most: int = MAX_UINT32) -> int:
    """A `value` that is a whole number from 0 to `most`. Raises ValueError for any other."""
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("not a whole number in range")
    return value


def share_or_none(value: object) -> float | None:
    """A `value` that is a part of a whole, from 0 to 1; None if it was not given. Raises ValueError for any other."""
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("not a number from 0 to 1")
    return float(value)


def decimal(amount: int) -> str:
    """An `amount` in millionths as decimal text, exact: 12500000 is "12.500000"."""
    whole, rest = divmod(abs(amount), MICRO)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:06}"


def money(value: object) -> str:
    """The `value` of a JSON amount as decimal text; null is 0. Raises ValueError for an unreadable amount."""
    if value is None:
        return "0"
    amount = micros(value)
    if amount is None:
        raise ValueError("unreadable amount")
    return decimal(amount)


def money_or_none(value: object) -> str | None:
    """The `value` of a JSON amount as decimal text; None if it is null. Raises ValueError for an unreadable amount."""
    return None if value is None else money(value)


def mapping(value: object) -> Mapping[str, Any]:
    """A `value` that is a JSON object; null is an empty object. Raises TypeError for any other."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def sequence(value: object) -> list[Any]:
    """A `value` that is a JSON array; null is an empty array. Raises TypeError for any other."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError("not an array")
    return value
