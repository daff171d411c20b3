"""Times: whatever the contract allows in, epoch milliseconds inside, ISO 8601 UTC with milliseconds out."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

MAX_TIME: Final = 253_402_300_799_999
"""Epoch milliseconds of the last moment of the year 9999: the end of the valid range, which begins at 0 (1970)."""
SECONDS_BELOW: Final = 10**11
"""A number below this is epoch seconds; below a thousand times this milliseconds, again microseconds, else nanoseconds.

So milliseconds end in the year 5138."""
MINUTE_MS: Final = 60_000

_NANOSECONDS_END: Final = 2**63
"""Nanoseconds are counted in 64 bits, up to the year 2262."""
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_EPOCH_BEGINS: Final = ("0", "1")
_REMEMBER: Final = 50_000
_MINUTE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:")
_NUMBER: Final = re.compile(r"[0-9]{1,20}(?:[.,][0-9]{1,20})?")
_ISO: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}|[0-9]{4}-?W[0-9]{2}(?:-?[1-7])?|(?P<year>[0-9]{4})-(?P<nth>[0-9]{3}))"
    r"(?:[Tt ](?P<hour>[0-9]{2})"
    r"(?::?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,20}))?)?)?"
    r" ?(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)

# The common forms are read and written by table: 17 characters down to the minute, then "59.", then "333Z".
_minutes: dict[str, int] = {}
SECONDS: Final = {f"{s:02}.": s * 1000 for s in range(60)}
"""What follows `minute_of`'s 17 characters in a text that is written as `iso` writes it, in milliseconds."""
_ends: Final = {f"{s:02}{zone}": s * 1000 for s in range(60) for zone in ("Z", "+00:00", "")}
_millis: Final = {f"{m:03}": m for m in range(1000)}
_tails: Final = {f"{m:03}{zone}": m for m in range(1000) for zone in ("Z", "+00:00", "")}
_prefixes: dict[int, str] = {}
_endings: Final = tuple(f"{s:02}." for s in range(60))
_thousandths: Final = tuple(f"{m:03}Z" for m in range(1000))
THOUSANDTHS: Final = {text: m for m, text in enumerate(_thousandths)}
"""What follows the second in a text that is written just as `iso` writes it."""


def is_absent(value: object) -> bool:
    """Whether the `value` of a time was not given at all: null, blank text, or the epoch itself (contract 8.1).

    The epoch is what a clock, or a field, says that nobody has set.
    """
    if type(value) is str:
        return not value or value.isspace() or (value.strip()[:1] in _EPOCH_BEGINS and parse(value) == 0)
    return value is None or (type(value) in (int, float) and value == 0)


def parse(value: object) -> int | None:
    """The epoch milliseconds of a time's `value` as producers send it; None if unreadable or outside 1970 to 9999.

    Takes ISO 8601 (without a zone it is UTC; a blank may stand for the T) and epoch seconds, milliseconds, microseconds
    or nanoseconds, as a number or as text.
    """
    if type(value) is str:
        minute, second = _minutes.get(value[:17]), SECONDS.get(value[17:20])
        if minute is not None:
            if second is None:
                second = _ends.get(value[17:])
                return _text(value) if second is None else minute + second
            milli = _tails.get(value[20:])
            if milli is not None:
                return minute + second + milli
            # Microseconds, as Python writes them.
            if len(value) == 32 and value[26:] == "+00:00" and value[20:26].isdecimal() and value.isascii():
                return minute + second + _millis[value[20:23]]
        return _text(value)
    if type(value) is int or type(value) is float:
        return _number(value)
    return None


def minute_of(text: str) -> int | None:
    """The epoch milliseconds of a minute, from a text of 17 characters such as `2026-11-21T18:32:`; else None.

    None for the minute of the epoch too: its first moment is no time (`is_absent`).
    """
    minute = _minutes.get(text)
    if minute is None and parse(text + "00.000Z") is not None:
        minute = _minutes.get(text)
    return minute or None


def iso(ms: int) -> str:
    """`2026-11-21T18:32:59.333Z` for `ms`, epoch milliseconds of 1970 to 9999. Raises OverflowError outside."""
    minute, rest = divmod(ms, MINUTE_MS)
    prefix = _prefixes.get(minute)
    if prefix is None:
        prefix = _prefix(minute)
    second, milli = divmod(rest, 1000)
    return prefix + _endings[second] + _thousandths[milli]


def _prefix(minute: int) -> str:
    if not 0 <= minute <= MAX_TIME // MINUTE_MS:
        raise OverflowError(f"minute {minute} of the epoch is outside 1970 to 9999")
    if len(_prefixes) >= _REMEMBER:
        _prefixes.clear()
    # `strftime` takes ten times as long.
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).isoformat(timespec="minutes")[:16] + ":"
    _prefixes[minute] = text
    return text


def _number(value: int | float) -> int | None:  # noqa: PYI041 - compiled, a whole number would lose digits as `float`
    # The range comes first: it also turns away infinities and NaN.
    if not 0 <= value < _NANOSECONDS_END:
        return None
    if value < SECONDS_BELOW:
        return round(value * 1000)
    scale = 1 if value < SECONDS_BELOW * 1000 else 1000 if value < SECONDS_BELOW * 1_000_000 else 1_000_000
    return int(value // scale) if scale > 1 else round(value)


def _text(text: str) -> int | None:
    text = text.strip()
    if _NUMBER.fullmatch(text):
        whole = text.isdecimal()
        return _number(int(text) if whole else float(text.replace(",", ".")))
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    try:
        day = _day(match)
    except ValueError:
        return None
    hour, minute, second = int(match["hour"] or 0), int(match["minute"] or 0), int(match["second"] or 0)
    # ISO has 24:00 for the end of a day and 60 for a leap second; both are the moment after.
    if minute > 59 or second > 60 or hour > 24 or (hour == 24 and (minute or second)):
        return None
    offset = _offset(match["zone"])
    if offset is None:
        return None
    base = ((day * 24 + hour) * 60 + minute - offset) * MINUTE_MS
    ms = base + second * 1000 + int(((match["fraction"] or "") + "000")[:3])
    if not 0 <= ms <= MAX_TIME:
        return None
    if not offset and hour < 24 and _MINUTE.match(text):
        if len(_minutes) >= _REMEMBER:
            _minutes.clear()
        _minutes[text[:17]] = base
    return ms


def _day(match: re.Match[str]) -> int:
    """Days since 1970. Raises ValueError for a day the calendar does not have."""
    if match["nth"]:
        nth, first = int(match["nth"]), date(int(match["year"]), 1, 1).toordinal()
        if not 1 <= nth <= date(int(match["year"]), 12, 31).toordinal() - first + 1:
            raise ValueError("no such day of the year")
        return first + nth - 1 - _EPOCH_DAY
    return date.fromisoformat(match["day"]).toordinal() - _EPOCH_DAY


def _offset(zone: str | None) -> int | None:
    """Minutes east of UTC; None if there is no such zone."""
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        return None
    return -(hours * 60 + minutes) if zone[0] == "-" else hours * 60 + minutes
