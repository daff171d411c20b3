"""Values of a campaigns file: durations, shares, times of day, distances. What is written of them can be read again."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

MINUTE_MS: Final = 60_000
_UNITS: Final = {"ms": 1, "s": 1_000, "m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": 24 * 60 * MINUTE_MS}
_LONGEST_MS: Final = 36_500 * _UNITS["d"]


class Strict(BaseModel):
    """A part of the file: what it does not know is an error that names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def duration(value: Any) -> int:
    """The milliseconds that a `value` such as `30m`, `20h`, `7d`, `45s`, `250ms` or `0` says; ValueError for others."""
    match = re.fullmatch(r"(\d+)\s*(ms|s|m|h|d)", str(value).strip())
    if match is None:
        if str(value).strip() == "0":
            return 0
        raise ValueError(f"a duration is a whole number and s, m, h or d, such as 30m; got {value!r}")
    milliseconds = int(match[1]) * _UNITS[match[2]]
    if milliseconds > _LONGEST_MS:
        raise ValueError(f"a duration is at most 36500d; got {value!r}")
    return milliseconds


def written(milliseconds: int) -> str:
    """A duration of so many `milliseconds` as a file has it: `1500ms`."""
    return f"{milliseconds}ms"


def _share(value: Any) -> float:
    """`10%` or 0.1 as a fraction of one."""
    text = str(value).strip()
    number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    if not 0 <= number <= 1:
        raise ValueError(f"a share is from 0% to 100%; got {value!r}")
    return number


def _clock(value: Any) -> time:
    """`21:00` as a time of day; YAML reads an unquoted 21:00 as the number 1260."""
    if isinstance(value, int):
        return time(value // 60, value % 60)
    return time.fromisoformat(str(value))


def _distance(value: Any) -> float:
    """`500m`, `2km`, `1.5 km` or a number of metres as metres."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(km|m)?", str(value).strip())
    if match is None or not float(match[1]):
        raise ValueError(f"a distance is a number above 0 and m or km, such as 500m; got {value!r}")
    return float(match[1]) * (1000 if match[2] == "km" else 1)


def known(what: str, value: Any, names: tuple[str, ...]) -> Any:
    """The `value` itself; of a text that is none of `names` ValueError, whose message calls it a `what` ("channel").

    A value that is no text passes: the field's own type refuses it.
    """
    if isinstance(value, str) and value not in names:
        raise ValueError(f"{what} {value!r} is not known; known: {', '.join(names)}")
    return value


Duration = Annotated[int, BeforeValidator(duration), PlainSerializer(written, when_used="json")]
Share = Annotated[float, BeforeValidator(_share)]
Clock = Annotated[time, BeforeValidator(_clock)]
Distance = Annotated[float, BeforeValidator(_distance)]
