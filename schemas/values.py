"""Which values may identify a customer, and how e-mail addresses and phone numbers are normalised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import idna

from schemas.blocked import is_blocked
from schemas.decoding import InexactError
from schemas.phones import is_region, read_phone

# Characters that stand beside an address, never in one that a form has collected.
_EMAIL: Final = re.compile(r"[^@\s<>()\[\]\\,;:\"]+@[^@\s<>()\[\]\\,;:\"]+")
_EXACT_BELOW: Final = 2**53
"""A whole float below this is the number that was written; beyond, its shortest decimal form stands for it."""


def text_of(value: object) -> str | None:
    """A scalar `value` as trimmed text: 12345.0 is "12345", two different floats are two texts.

    None for null, lists and objects.
    """
    if type(value) is str:
        return value.strip()
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float:
        if not value.is_integer():
            return repr(value)
        return str(int(value)) if abs(value) < _EXACT_BELOW else format(Decimal(repr(value)), "f").partition(".")[0]
    return str(value) if type(value) is int else None


def exact_text(value: object) -> str | None:
    """The text of a `value` as by `text_of`. Raises InexactError for a float of 2**53 or more: it has lost digits."""
    if type(value) is float and not -_EXACT_BELOW < value < _EXACT_BELOW:
        raise InexactError
    return text_of(value)


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

    def user(self, value: object) -> str | None:
        """A user id: as `plain`, an e-mail address as `email` writes it (contract 1, "Identifiers")."""
        text = self.plain(value)
        return _mailbox(text) if text is not None and _EMAIL.fullmatch(text) else text

    def email(self, value: object) -> str | None:
        """An e-mail address in lower case, also of a `mailto:`; None unless it looks like x@y.

        A domain is written in its own letters, not in the `xn--` form that mail servers use.
        """
        text = text_of(value)
        if text is not None and text[:7].lower() == "mailto:":
            text = text[7:]
        text = self.plain(text)
        return _mailbox(text) if text is not None and _EMAIL.fullmatch(text) else None

    def phone(self, value: object) -> str | None:
        """A phone number as E.164, of one subscriber always the same.

        None unless it could be dialled, and is one number whoever reads it. An extension is dropped.
        """
        number = self.number(value)
        return number if number is not None and number[0] == "+" else None

    def number(self, value: object) -> str | None:
        """As `phone`; digits without + that are two valid numbers are these digits (contract 8, "Identity")."""
        text = self.plain(value)
        return None if text is None else read_phone(text, self.region)


def _mailbox(address: str) -> str:
    """One mailbox has one address: lower case, the domain as IDNA 2008 shows it."""
    lower = address.lower()
    if lower.isascii() and "xn--" not in lower:
        return lower
    local, _, domain = lower.partition("@")
    try:
        return f"{local}@{idna.decode(domain, uts46=True)}"
    except (idna.IDNAError, UnicodeError):
        return lower
