"""Money and quantities as producers send them (numbers, "1,234.50", "$19.99"), held as whole millionths."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Final

MICRO: Final = 1_000_000
"""Millionths in one unit of money or one piece."""
LIMIT: Final = 9 * 10**18
"""Amounts beyond this many millionths count as unreadable: they would not fit 64 bits."""

# A float below this, times a million, is off by less than a half, so that rounding it is exact.
_FLOAT_IS_EXACT: Final = 1e9
_SIGNS: Final = r"[$\u00a2-\u00a5\u20a0-\u20cf\ufdfc]"
_LETTERS: Final = r"[^\W\d_]{1,3}\.?"
_AMOUNT: Final = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[+\-\u2212])?\s*"
    rf"(?:{_LETTERS})?(?:{_SIGNS})?\s*(?P<inner>[+\-\u2212])?"
    r"(?P<number>[0-9.,'\u2019\s]*[0-9][.,]?)"
    rf"\s*(?:{_SIGNS}|{_LETTERS})?\s*(?P<close>\))?"
)
_GROUPED: Final = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_LONGEST: Final = 64


def micros(value: object) -> int | None:
    """An amount as producers give its `value`, in millionths, exact; None if it cannot be read (contract 8.3).

    A comma and a point together: the later one is the decimal sign. One alone: a comma before exactly three digits
    groups thousands, any other comma and every single point is the decimal sign. Digits past the sixth are rounded half
    to even.
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
    return None if amount is None else to_number(amount)


def to_number(amount: int) -> int | float:
    """The JSON number of an `amount` in millionths: an int, else the nearest float (exact to 1e-6 up to 9e9)."""
    whole, rest = divmod(amount, MICRO)
    return amount / MICRO if rest else whole


@lru_cache(maxsize=4096)
def _text(text: str) -> int | None:
    if len(text) > _LONGEST or (match := _AMOUNT.fullmatch(text.strip())) is None:
        return None
    if (match["open"] is None) != (match["close"] is None) or (match["sign"] and match["inner"]):
        return None
    number = _plain(re.sub(r"['\u2019\s]", "", match["number"]))
    if number is None:
        return None
    amount = _scaled(Decimal(number))
    sign = match["sign"] or match["inner"]
    if amount is not None and ((sign is not None and sign != "+") != (match["open"] is not None)):
        return -amount
    return amount


def _plain(number: str) -> str | None:
    """Digits with at most one decimal point; None if its separators make no sense."""
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
