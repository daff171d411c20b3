"""Phone numbers to E.164: by phonenumbers, with a short way for the common form, which costs a thirtieth."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberFormat

_BLANKS: Final = str.maketrans("", "", " -().\u00a0")
_FULL: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def is_region(region: str) -> bool:
    """Whether phonenumbers knows this region, a two-letter country code."""
    return region in phonenumbers.SUPPORTED_REGIONS


def e164(text: str, region: str) -> str | None:
    """The number in a text as `+4930123456`, None unless it could be dialled.

    `region` reads numbers without a country code.

    An extension is dropped.
    """
    return _short(text) or _whole(text, region)


def _short(text: str) -> str | None:
    """A number that starts with + and a country code and holds all its digits: nothing to be read into or out of it."""
    if text[:1] != "+":
        return None
    digits = text.translate(_BLANKS)
    if not _FULL.fullmatch(digits):
        return None
    for length in (1, 2, 3):
        code = int(digits[1 : 1 + length])
        if code in COUNTRY_CODE_TO_REGION_CODE:
            prefix, lengths = _rules(code)
            national = digits[1 + length :]
            if len(national) in lengths and (prefix is None or not prefix.match(national)):
                return digits
            return None
    return None


@cache
def _rules(code: int) -> tuple[re.Pattern[str] | None, frozenset[int]]:
    """What may stand before a country's national numbers and is no part of them, and how long these may be."""
    region = COUNTRY_CODE_TO_REGION_CODE[code][0]
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if metadata is None or metadata.general_desc is None:
        return None, frozenset()
    prefix = metadata.national_prefix_for_parsing
    return re.compile(prefix) if prefix else None, frozenset(metadata.general_desc.possible_length)


def _whole(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))
