"""Time zones by the names that producers give them (contract 8, "Contact points").

The rules are those of the tzdata package, never those of the system's files: a zone is the same on all workers.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib import resources
from importlib.metadata import version
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import get_global

VERSION: Final = version("tzdata")
"""The version of the tzdata package, such as 2026.6."""
_PACKAGE: Final = "tzdata"
# JavaScript writes what the offset is called behind it: `GMT+0100 (Central European Standard Time)`.
_OFFSET: Final = re.compile(
    r"(?:UTC|GMT)?\s*([+\-\u2212])\s*([0-9]{1,2})(?::?([0-9]{2}))?(?:\s*\([^()]*\))?", re.IGNORECASE
)
_MOST_HOURS: Final = 14
_QUARTER: Final = 15
_LONGEST: Final = 64


def zone_named(name: object) -> str | None:
    """The zone that a producer means by `name`: a name of the IANA list, or a fixed offset as `+05:30`; None if none.

    It may be a name in any case (with blanks for its `_`), a name of Windows (`W. Europe Standard Time`), or an offset
    from UTC, east of it where it is positive: `+03:00`, `UTC+3`, `GMT+0530`, `GMT+0100 (CET)`. A zone is whole quarters
    of an hour from UTC, at most 14 hours.
    """
    return _named(name) if type(name) is str and len(name) <= _LONGEST else None


def zone(name: str) -> tzinfo:
    """The rules of a zone that `zone_named` gave. Raises ValueError for any other `name`."""
    return _rules(name)


@lru_cache(maxsize=4096)
def _named(name: str) -> str | None:
    plain = " ".join(name.split())
    lower = plain.lower()
    known = _known().get(lower.replace(" daylight time", " standard time")) or _known().get(lower.replace(" ", "_"))
    if known is not None:
        return known
    match = _OFFSET.fullmatch(plain)
    if match is None:
        return None
    hours, minutes = int(match[2]), int(match[3] or 0)
    if minutes % _QUARTER or minutes >= 60 or hours * 60 + minutes > _MOST_HOURS * 60:
        return None
    sign = "+" if match[1] == "+" or not hours + minutes else "-"
    return f"{sign}{hours:02}:{minutes:02}"


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    """The names of the IANA list and of Windows, in lower case, each with its name in the IANA list."""
    names = resources.files(_PACKAGE).joinpath("zones").read_text("ascii").split()
    known = {name.lower(): name for name in names}
    for windows, name in get_global("windows_zone_mapping").items():
        if name.lower() in known:
            known.setdefault(windows.lower(), name)
    # The list's own name for a machine whose zone nobody has set.
    del known["factory"]
    return {**known, "z": "UTC"}


@lru_cache(maxsize=1024)
def _rules(name: str) -> tzinfo:
    if _named(name) != name:
        raise ValueError(f"{name!r} is no time zone of the IANA list, such as Europe/Berlin")
    if name[0] in "+-":
        east = int(name[1:3]) * 60 + int(name[4:6])
        return timezone(timedelta(minutes=-east if name[0] == "-" else east))
    with resources.files(_PACKAGE).joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


def local_time(at: int, name: str) -> datetime:
    """What clocks in the zone `name` show at `at` (epoch milliseconds). Raises OverflowError outside the calendar."""
    return datetime.fromtimestamp(at / 1000, tz=UTC).astimezone(_rules(name))
