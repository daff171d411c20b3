"""Times as text by the directives of Ruby's strftime, the same on every platform and in every locale."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

_DIRECTIVE: Final = re.compile(r"%([-0^#_]*)([0-9]{0,3})(:{0,2})([A-Za-z%+])")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WIDEST: Final = 200

_NUMBERS: Final[dict[str, tuple[Callable[[datetime], int], int, str]]] = {
    "Y": (lambda t: t.year, 4, "0"), "C": (lambda t: t.year // 100, 2, "0"), "y": (lambda t: t.year % 100, 2, "0"),
    "m": (lambda t: t.month, 2, "0"), "d": (lambda t: t.day, 2, "0"), "e": (lambda t: t.day, 2, " "),
    "j": (lambda t: t.timetuple().tm_yday, 3, "0"), "H": (lambda t: t.hour, 2, "0"), "k": (lambda t: t.hour, 2, " "),
    "I": (lambda t: t.hour % 12 or 12, 2, "0"), "l": (lambda t: t.hour % 12 or 12, 2, " "),
    "M": (lambda t: t.minute, 2, "0"), "S": (lambda t: t.second, 2, "0"), "u": (lambda t: t.isoweekday(), 1, "0"),
    "w": (lambda t: t.isoweekday() % 7, 1, "0"), "G": (lambda t: t.isocalendar()[0], 4, "0"),
    "g": (lambda t: t.isocalendar()[0] % 100, 2, "0"), "V": (lambda t: t.isocalendar()[1], 2, "0"),
    "U": (lambda t: (t.timetuple().tm_yday + 6 - t.isoweekday() % 7) // 7, 2, "0"),
    "W": (lambda t: (t.timetuple().tm_yday + 6 - t.weekday()) // 7, 2, "0"),
    "s": (lambda t: int(t.replace(tzinfo=UTC).timestamp()), 1, "0"),
}  # fmt: skip
"""Value, width, and what it is padded with."""
_WORDS: Final[dict[str, Callable[[datetime], str]]] = {
    "A": lambda t: _DAYS[t.weekday()], "a": lambda t: _DAYS[t.weekday()][:3],
    "B": lambda t: _MONTHS[t.month - 1], "b": lambda t: _MONTHS[t.month - 1][:3],
    "h": lambda t: _MONTHS[t.month - 1][:3], "p": lambda t: "AM" if t.hour < 12 else "PM",
    "P": lambda t: "am" if t.hour < 12 else "pm", "Z": lambda _: "UTC", "n": lambda _: "\n",
    "t": lambda _: "\t", "%": lambda _: "%",
}  # fmt: skip
_COMBINED: Final = {
    "c": "%a %b %e %H:%M:%S %Y", "D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "r": "%I:%M:%S %p", "T": "%H:%M:%S",
    "v": "%e-%^b-%Y", "X": "%H:%M:%S", "x": "%m/%d/%y", "+": "%a %b %e %H:%M:%S UTC %Y",
}  # fmt: skip
_ZONES: Final = {"": "+0000", ":": "+00:00", "::": "+00:00:00"}


def strftime(moment: datetime, form: str) -> str:
    """A `moment` of UTC by the directives of `form`; what is no directive stays as it is."""
    return _DIRECTIVE.sub(lambda found: _one(moment, found), form)


def _one(moment: datetime, found: re.Match[str]) -> str:
    flags, width, colons, letter = found.groups()
    wide = min(int(width or 0), _WIDEST)
    if letter in _NUMBERS and not colons:
        value, usual, fill = _NUMBERS[letter]
        return _padded(str(value(moment)), flags, wide or usual, fill)
    if letter in "LN" and not colons:
        return f"{moment.microsecond:06}000".ljust(_WIDEST, "0")[: wide or (3 if letter == "L" else 9)]
    if letter == "z":
        return _padded(_ZONES[colons], flags, wide, "0")
    if letter in _WORDS and not colons:
        return _padded(_cased(_WORDS[letter](moment), letter, flags), flags, wide, " ")
    if letter in _COMBINED and not colons:
        return _padded(_cased(strftime(moment, _COMBINED[letter]), letter, flags), flags, wide, " ")
    return found[0]


def _cased(said: str, letter: str, flags: str) -> str:
    """`^` writes capitals; `#` the other case: small for AM and PM, else capitals."""
    if "#" in flags and letter == "p":
        return said.lower()
    return said.upper() if "^" in flags or "#" in flags else said


def _padded(said: str, flags: str, width: int, fill: str) -> str:
    for flag in flags:
        if flag == "-":
            return said
        fill = {"0": "0", "_": " "}.get(flag, fill)
    return said.rjust(width, fill)
