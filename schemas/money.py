"""Money and quantities as producers send them (numbers, "1,234.50", "$19.99"), held as whole millionths."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final
from unicodedata import category, decimal

from schemas.currencies import CENTS, groups_by_points, is_currency

MICRO: Final = 1_000_000
"""Millionths in one unit of money or one piece."""
LIMIT: Final = 9 * 10**18
"""Amounts beyond this many millionths count as unreadable: they would not fit 64 bits."""

# A float below this, times a million, is off by less than a half, so that rounding it is exact.
_FLOAT_IS_EXACT: Final = 1e9
# A sign, what stands before, a sign, the number, what is written for no cents ("5,-"), what stands behind.
_AMOUNT: Final = re.compile(
    r"(?P<sign>[+-])?\s*(?P<before>[^\d\s+.,()'-][^\d+,()'-]{0,23})?\s*(?P<inner>[+-])?\s*"
    r"(?P<number>[.,]?[0-9][0-9.,'\s]*)(?P<exponent>[eE][+-]?[0-9]{1,3})?"
    r"(?P<none>(?<=[.,])\s?--?|[:/]--?)?\s*(?P<behind>[^\d\s+,()'-][^\d+,()'-]{0,23})?"
)
_OTHER_CHARACTERS: Final = str.maketrans({
    "\u066b": ".", "\u066c": ",", "\u060c": ",", "\uff0c": ",", "\uff0e": ".", "\u2212": "-", "\u2013": "-",
    "\u2014": "-", "\uff0d": "-", "\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u200e": "", "\u200f": "", "\u061c": "",
    "\ufeff": "",
})  # fmt: skip
_BLANKS: Final = re.compile(r"[0-9]{1,3}(?:([ '])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]*)?")
_INDIAN: Final = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]*)?")
_PIECES: Final = re.compile(
    r"x\s*(?P<times>[0-9]+)|(?P<number>[0-9]+(?:[.,][0-9]+)?)\s*(?:x|\u00d7|pcs?|pieces?|st|stk|st\u00fcck|szt|ea|units?|\u0448\u0442)\.?",
    re.IGNORECASE,
)
# On a price tag a point before three digits groups thousands ("1.299 €"), unless the currency has so many.
_POINTED: Final = re.compile(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_LONGEST: Final = 64


def micros(value: object) -> int | None:
    """An amount as producers give its `value`, in millionths, exact; None if it cannot be read (contract 8.4).

    A comma and a point together: the later one is the decimal sign. One alone: a comma before exactly three digits
    groups thousands, and so does a point where a currency stands beside it of countries that write so; any other is the
    decimal sign. Digits past the sixth are rounded half to even. Beside the number may stand a currency; any other
    letters make it unreadable.
    """
    if type(value) is float:
        if -_FLOAT_IS_EXACT < value < _FLOAT_IS_EXACT:
            return round(value * MICRO)
        return _scaled(Decimal(repr(value)))
    if type(value) is int:
        scaled = value * MICRO
        return scaled if -LIMIT <= scaled <= LIMIT else None
    if type(value) is str:
        return _text(value)
    return None


def quantity(value: object) -> int | float | None:
    """A number of pieces as producers give its `value`, an int if it is whole; None if it cannot be read."""
    amount = micros(value)
    if amount is None and type(value) is str and len(value) <= _LONGEST:
        pieces = _PIECES.fullmatch(value.strip())
        amount = None if pieces is None else micros(pieces["times"] or pieces["number"])
    return None if amount is None else to_number(amount)


def to_number(amount: int) -> int | float:
    """The JSON number of an `amount` in millionths: an int, else the nearest float (exact to 1e-6 up to 9e9)."""
    whole, rest = divmod(amount, MICRO)
    return amount / MICRO if rest else whole


@lru_cache(maxsize=4096)
def _text(text: str) -> int | None:
    if len(text) > _LONGEST:
        return None
    text = text.strip() if text.isascii() else _in_ascii(text)
    negative = text[:1] == "(" and text[-1:] == ")"
    match = _AMOUNT.fullmatch(text[1:-1].strip() if negative else text)
    if match is None or (match["sign"] and match["inner"]):
        return None
    before, behind = (match["before"] or "").strip(), (match["behind"] or "").strip()
    given = match["number"].strip()
    if before[-1:] == "." and category(before[-2]) == "Sc":
        # "$.5" is half a dollar, "Rs.5" are five rupees.
        before, given = before[:-1], f".{given}"
    cents = behind.lower() in CENTS
    if not is_currency(before) or not (cents or is_currency(behind)):
        return None
    grouped = match["none"] or (_POINTED.fullmatch(given) and not cents and groups_by_points(before, behind))
    number = _whole(given.rstrip(" .,")) if grouped else _plain(given)
    if number is None:
        return None
    amount = _scaled(Decimal(number + (match["exponent"] or "")).scaleb(-2 if cents else 0))
    if amount is not None and ((match["sign"] or match["inner"]) == "-") != negative:
        return -amount
    return amount


def _in_ascii(text: str) -> str:
    """Digits of other scripts, and the signs that are used with them, as ours; every blank as one of ours."""
    return "".join(
        str(decimal(each)) if each.isdecimal() else " " if each.isspace() else each
        for each in text.translate(_OTHER_CHARACTERS)
    ).strip()


def _whole(number: str) -> str | None:
    """As `_plain`, of a number that says that it has no cents ("1.299,-"): its separators can only group it."""
    if number[:1] != "0" and _GROUPED.fullmatch(number):
        return number.replace(".", "").replace(",", "")
    return _plain(number)


def _plain(number: str) -> str | None:
    """Digits with at most one decimal point; None if its separators make no sense."""
    if " " in number or "'" in number:
        if not _BLANKS.fullmatch(number):
            return None
        number = number.replace(" ", "").replace("'", "")
    if _INDIAN.fullmatch(number):
        return number.replace(",", "")
    point, comma = number.rfind("."), number.rfind(",")
    if point >= 0 and comma >= 0:
        decimal = "." if point > comma else ","
        whole, _, fraction = number.rpartition(decimal)
        group = "," if decimal == "." else "."
        if decimal in whole or group in fraction or not _GROUPED.fullmatch(whole):
            return None
        return f"{whole.replace(group, '')}.{fraction or '0'}"
    if comma >= 0 and (number.count(",") > 1 or (_GROUPED.fullmatch(number) and number[0] != "0")):
        return number.replace(",", "") if _GROUPED.fullmatch(number) else None
    if number.count(".") > 1:
        return number.replace(".", "") if _GROUPED.fullmatch(number) else None
    return number.replace(",", ".")


def _scaled(number: Decimal) -> int | None:
    if not number.is_finite() or number.adjusted() > 18:
        return None
    scaled = int((number * MICRO).to_integral_value(rounding=ROUND_HALF_EVEN))
    return scaled if -LIMIT <= scaled <= LIMIT else None
