"""Arithmetic, as in Ruby Liquid 5: exact decimals inside, whole numbers stay whole, half is rounded away from zero."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from streams.core.messaging.templating.values import EXACT, MOST_DIGITS, fault, number, plain_number


def _plus(value: Any, other: Any) -> int | float:
    """The sum."""
    left, right = _both(value, other)
    return plain_number(left + right if isinstance(left, int) else EXACT.add(left, right))


def _minus(value: Any, other: Any) -> int | float:
    """The difference."""
    left, right = _both(value, other)
    return plain_number(left - right if isinstance(left, int) else EXACT.subtract(left, right))


def _times(value: Any, other: Any) -> int | float:
    """The product."""
    left, right = _both(value, other)
    return plain_number(left * right if isinstance(left, int) else EXACT.multiply(left, right))


def _divided_by(value: Any, other: Any) -> int | float:
    """The quotient; of two whole numbers the whole number below it."""
    left, right = _both(value, other)
    _no_zero(right)
    return plain_number(left // right if isinstance(left, int) else EXACT.divide(left, right))


def _modulo(value: Any, other: Any) -> int | float:
    """The rest, with the sign of the divisor."""
    left, right = _both(value, other)
    _no_zero(right)
    if isinstance(left, int):
        return plain_number(left % right)
    whole = EXACT.divide(left, right).to_integral_value(ROUND_FLOOR)
    return plain_number(EXACT.subtract(left, EXACT.multiply(whole, right)))


def _round_(value: Any, places: Any = 0) -> int | float:
    """Rounded to so many places behind the point, half away from zero; without places a whole number."""
    amount, count = number(value), int(number(places))
    if abs(count) > MOST_DIGITS:
        raise fault(f"a number of more than {MOST_DIGITS} digits")
    if isinstance(amount, int):
        return amount if count >= 0 else int(_rounded(Decimal(amount), count))
    made = _rounded(amount, count)
    return plain_number(made) if count > 0 else plain_number(int(made))


def _ceil(value: Any) -> int:
    """The whole number above it."""
    amount = number(value)
    return amount if isinstance(amount, int) else int(amount.to_integral_value(ROUND_CEILING))


def _floor(value: Any) -> int:
    """The whole number below it."""
    amount = number(value)
    return amount if isinstance(amount, int) else int(amount.to_integral_value(ROUND_FLOOR))


def _abs_(value: Any) -> int | float:
    """Without its sign."""
    amount = number(value)
    return plain_number(-amount if amount < 0 else amount)


def _at_least(value: Any, least: Any) -> int | float:
    """The greater of the two."""
    return _chosen(value, least, max)


def _at_most(value: Any, most: Any) -> int | float:
    """The smaller of the two."""
    return _chosen(value, most, min)


def _both(value: Any, other: Any) -> tuple[Any, Any]:
    """Both whole numbers, or both decimals."""
    left, right = number(value), number(other)
    return (left, right) if isinstance(left, int) and isinstance(right, int) else (Decimal(left), Decimal(right))


def _chosen(value: Any, other: Any, choose: Callable[[int | Decimal, int | Decimal], int | Decimal]) -> int | float:
    left, right = number(value), number(other)
    return plain_number(choose(left, right))


def _rounded(amount: Decimal, places: int) -> Decimal:
    try:
        return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT)
    except InvalidOperation:
        return amount


def _no_zero(divisor: int | Decimal) -> None:
    if not divisor:
        raise fault("divided by 0")


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "plus": _plus,
    "minus": _minus,
    "times": _times,
    "divided_by": _divided_by,
    "modulo": _modulo,
    "round": _round_,
    "ceil": _ceil,
    "floor": _floor,
    "abs": _abs_,
    "at_least": _at_least,
    "at_most": _at_most,
}
"""By their names in a template."""
