"""Which values may identify a customer, and how e-mail addresses and phone numbers are normalised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from schemas.phones import e164, is_region

BLOCKED: Final = frozenset({
    "", "null", "undefined", "none", "nil", "nan", "anonymous", "guest", "distinctid", "distinct_id", "id", "email",
    "not_authenticated", "true", "false", "unknown", "[object object]", "-1",
})  # fmt: skip
"""What broken producers send in place of an identifier, in lower case; shared by thousands, so it identifies nobody."""
MAX_LENGTH: Final = 1024
"""A longer value is not an identifier."""

_QUOTES: Final = frozenset("\"'`\u2018\u2019\u201c\u201d")
_CLOSING: Final = {"\u2018": "\u2019", "\u201c": "\u201d"}
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def is_blocked(text: str, more: frozenset[str] = frozenset()) -> bool:
    """Whether a trimmed text is never an identifier (contract, section 1). `more` extends the list, in lower case."""
    if len(text) > MAX_LENGTH:
        return True
    core = text.lower()
    while True:
        if core in BLOCKED or core in more or not core.strip("0-"):
            return True
        if len(core) < 2 or core[0] not in _QUOTES or core[-1] != _CLOSING.get(core[0], core[0]):
            return False
        core = core[1:-1].strip()


def text_of(value: object) -> str | None:
    """A scalar `value` as trimmed text: 12345.0 is "12345"; None for null, lists and objects."""
    if type(value) is str:
        return value.strip()
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float:
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value) if type(value) is int else None


def filled_text(value: object) -> str | None:
    """A `value` that is a number or text, trimmed, as `text_of` writes it; None for blanks, booleans and all else."""
    if type(value) is str:
        return value.strip() or None
    return None if type(value) is bool else text_of(value) or None


class Values:
    """Normalises identifier values. `region` reads phone numbers without a country code; `blocked` extends the list.

    Raises ValueError when there is no such region.
    """

    def __init__(self, region: str = "US", blocked: Iterable[str] = ()) -> None:
        self.region = region.upper()
        if not is_region(self.region):
            raise ValueError(f"phone region {region!r} is not a two-letter country code that phonenumbers knows")
        self.blocked = frozenset(value.strip().lower() for value in blocked)

    def plain(self, value: object) -> str | None:
        """Any identifier but an e-mail address or phone number; None if the value cannot identify anybody."""
        text = text_of(value)
        return None if text is None or is_blocked(text, self.blocked) else text

    def email(self, value: object) -> str | None:
        """An e-mail address in lower case; None unless it looks like x@y."""
        text = self.plain(value)
        return text.lower() if text is not None and _EMAIL.fullmatch(text) else None

    def phone(self, value: object) -> str | None:
        """A phone number as E.164; None unless it could be dialled. An extension is dropped."""
        text = self.plain(value)
        return None if text is None else e164(text, self.region)
