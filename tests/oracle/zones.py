"""Time zones as the oracle reads their names: fixed offsets first, then the names of the IANA list and of Windows."""

from __future__ import annotations

import re
import zoneinfo
from datetime import timedelta, timezone, tzinfo
from functools import cache
from typing import Any

from babel.core import get_global

zoneinfo.reset_tzpath(to=())


@cache
def names() -> dict[str, str]:
    """Every name in lower case, and what it is called in the IANA list."""
    known = {name.lower(): name for name in zoneinfo.available_timezones() if name != "Factory"}
    windows = {name.lower(): iana for name, iana in get_global("windows_zone_mapping").items()}
    return {**windows, **known, "z": "UTC"}


@cache
def zone_of(name: Any) -> tzinfo | None:
    """The zone that a producer's name means; None where it means none."""
    if not isinstance(name, str):
        return None
    word = name.strip().lower().replace("daylight time", "standard time")
    for spelling in (word, word.replace(" ", "_")):
        if spelling in names():
            return zoneinfo.ZoneInfo(names()[spelling])
    match = re.fullmatch(r"(?:utc|gmt)? ?([+-])(\d\d?)(?::?(00|15|30|45))?(?: ?\([^()]*\))?", word)
    if match is None:
        return None
    east = timedelta(hours=int(match[2]), minutes=int(match[3] or 0)) * (1 if match[1] == "+" else -1)
    return timezone(east) if abs(east) <= timedelta(hours=14) else None
