"""Phone numbers to E.164: by phonenumbers, with a short way for the common form, which costs a thirtieth.

One subscriber has one number here, and it is the number to send a text message to (`_of_subscriber`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

_BLANKS: Final = str.maketrans("", "", " -().\u00a0")
_FULL: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_SCHEME: Final = re.compile(r"\s*(whatsapp|tel|sms|callto):/{0,2}", re.IGNORECASE)
_WHATSAPP: Final = re.compile(r"(\d+)@(?:s\.whatsapp\.net|c\.us)")
_EXTENSION: Final = re.compile(r"[;,]?\s*(?:extension|extn|ext|x|#)\s*[.:=]?\s*\d{1,7}\s*#?\s*$", re.IGNORECASE)
# phonenumbers would dial these: letters, a second line ("2345678/9"), another number.
_NOTE: Final = re.compile(r"[^\W\d_]|/\s*\d{1,3}\s*$|[,;:*#@=&|\\]")
# A column of numbers that went through floats, as a table's export has it: the zero is no digit of it.
_FLOAT: Final = re.compile(r"\s*\+?\d{7,15}\.0")
_ONLY_DIGITS: Final = re.compile(r"[\d\s]+")
_ITALY, _MEXICO, _ARGENTINA, _BRAZIL = 39, 52, 54, 55
_SEVERAL_FORMS: Final = frozenset({_MEXICO, _ARGENTINA, _BRAZIL})
_MOBILE: Final = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def is_region(region: str) -> bool:
    """Whether phonenumbers knows this region, a two-letter country code."""
    return region in phonenumbers.SUPPORTED_REGIONS


def read_phone(text: str, region: str) -> str | None:
    """The number in a text as `+4930123456`, None unless it could be dialled with its area code.

    `region` reads numbers without a country code. Digits that are a valid number of the region and another valid
    number with a + before them come back as the digits, without +: nobody can tell whose they are. An extension is
    dropped, and so is the `.0` of a float's text; a number with letters is none (contract 1, "Phone numbers").
    """
    if text[-2:] == ".0" and _FLOAT.fullmatch(text):
        text = text[:-2]
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
            if code in _SEVERAL_FORMS or (code == _ITALY and "(" in text):
                return None
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
    scheme = _SCHEME.match(text)
    bare = _EXTENSION.sub("", text[scheme.end() :] if scheme else text).strip()
    international = scheme is not None and scheme[1].lower() == "whatsapp"
    if (contact := _WHATSAPP.fullmatch(bare)) is not None:
        international, bare = True, contact[1]
    if _NOTE.search(bare):
        return None
    digits = phonenumbers.normalize_digits_only(bare)
    if bare[:1] in ("+", "\uff0b"):
        return _dialled(bare, None)
    if digits.startswith("00") and (found := _dialled(f"+{digits[2:]}", None, valid=True)) is not None:
        return found
    if international:
        return _dialled(f"+{digits}", None)
    own, other = _dialled(bare, region), None
    if digits[:1] != "0":
        other = _dialled(f"+{digits}", None, valid=True)
    if other is None or other == own:
        return own
    if own is None or not _is_mobile(own):
        return other
    return digits if _ONLY_DIGITS.fullmatch(bare) else own


def _dialled(text: str, region: str | None, *, valid: bool = False) -> str | None:
    """The E.164 form of a number that could be dialled, or that fits the numbering plan of its country (`valid`)."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    number = _of_subscriber(number)
    if number.country_code == _ITALY and "(0)" in text:
        # Abroad (0) means a zero that is not dialled; in Italy a fixed line's is. Only the numbering plan can tell.
        without = _numbered(_ITALY, phonenumbers.national_significant_number(number).removeprefix("0"))
        fitting = [each for each in (number, without) if phonenumbers.is_valid_number(each)]
        if len(fitting) != 1:
            return None
        number = fitting[0]
    if valid:
        fits = phonenumbers.is_valid_number(number)
    else:
        fits = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164)) if fits else None


def _of_subscriber(number: PhoneNumber) -> PhoneNumber:
    """The number under which one subscriber is known, of the several that are dialled.

    Mobile numbers of Brazil have a ninth digit, of Argentina a 9 after the country code, and of Mexico no 1 there.
    """
    if number.country_code not in _SEVERAL_FORMS:
        return number
    national = phonenumbers.national_significant_number(number)
    if number.country_code == _MEXICO:
        return _numbered(_MEXICO, national[1:]) if len(national) == 11 and national[0] == "1" else number
    if len(national) != 10:
        return number
    if number.country_code == _ARGENTINA:
        mobile = _numbered(_ARGENTINA, f"9{national}")
    elif national[2] in "6789":
        mobile = _numbered(_BRAZIL, f"{national[:2]}9{national[2:]}")
    else:
        return number
    return mobile if phonenumbers.is_valid_number(mobile) else number


def _numbered(code: int, national: str) -> PhoneNumber:
    zeros = len(national) - len(national.lstrip("0"))
    return PhoneNumber(
        country_code=code, national_number=int(national), italian_leading_zero=True if zeros else None,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )  # fmt: skip


def _is_mobile(number: str) -> bool:
    parsed = phonenumbers.parse(number, None)
    return phonenumbers.is_valid_number(parsed) and phonenumbers.number_type(parsed) in _MOBILE
