"""Rates of exchange: what a cart's lines in other currencies are worth in the cart's (contract 8.36)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, field_validator

from schemas.currencies import CODES
from streams.core.campaigns.values import Strict


def _code(value: Any) -> str:
    text = str(value).strip().upper()
    if text not in CODES:
        raise ValueError(f"{value!r} is no currency of ISO 4217, such as EUR")
    return text


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value).strip())
    except InvalidOperation:
        rate = Decimal(0)
    if isinstance(value, bool) or not rate.is_finite() or not Decimal("1e-9") <= rate <= Decimal("1e9"):
        raise ValueError(f"a rate is a number from 1e-9 to 1e9; got {value!r}")
    return rate


Code = Annotated[str, BeforeValidator(_code)]
Rate = Annotated[Decimal, BeforeValidator(_rate)]
Table = dict[Code, Rate]
"""By currency: how much of it one unit of the base is."""


class Rates(Strict):
    """The rates file: how much of each currency one unit of `base` is, one rate for all days or rates by day.

    A day's rates hold from its beginning (UTC) until the next day that has some.
    """

    base: Code
    rates: dict[date, Table] = Field(min_length=1)
    _days: list[date] = PrivateAttr(default_factory=list)
    _tables: list[dict[str, Decimal]] = PrivateAttr(default_factory=list)

    @field_validator("rates", mode="before")
    @classmethod
    def _by_day(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value and not any(isinstance(table, Mapping) for table in value.values()):
            return {date.min.isoformat(): value}
        # As text, for that is how faults are told.
        return {str(day): table for day, table in value.items()} if isinstance(value, Mapping) else value

    def model_post_init(self, _: Any, /) -> None:
        """Puts the days in order, for the look-up."""
        self._days = sorted(self.rates)
        self._tables = [{**self.rates[day], self.base: Decimal(1)} for day in self._days]

    def between(self, source: str, target: str, at: int) -> Fraction | None:
        """How much of `target` one unit of `source` is at `at` (epoch milliseconds).

        None if no rates hold yet on that day, or if those of the day lack a currency. Both are codes of ISO 4217.
        """
        place = bisect_right(self._days, datetime.fromtimestamp(at / 1000, UTC).date())
        table = self._tables[place - 1] if place else {}
        if source not in table or target not in table:
            return None
        return Fraction(table[target]) / Fraction(table[source])
