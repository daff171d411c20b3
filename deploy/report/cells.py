"""A value of a view as a reader sees it: with its unit, money with its currency, nothing as a dash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from sinks.clickhouse.view_docs import Column, ViewDoc

NOTHING: Final = "\u2013"
"""Stands where a view has NULL."""
NO_CURRENCY: Final = "no currency"
"""Stands for the empty currency: of orders that name none."""
WORDS: Final = {
    "ctr": "CTR", "cpa": "CPA", "roas": "ROAS", "aov": "average order", "rfm": "RFM", "id": "",
}  # fmt: skip
"""Parts of column names that a head says otherwise."""
_UNIT: Final = re.compile(r"\(unit: ([^)]+)\)")


@dataclass(frozen=True)
class Kind:
    """How the values of one column are written: its `head`, the `unit` beside it, and what they are.

    `form` is one of text, count, rate, money, number and day.
    """

    name: str
    head: str
    form: str
    unit: str = ""
    text: str = ""

    @property
    def numeric(self) -> bool:
        """Whether the values are aligned right."""
        return self.form in {"count", "rate", "money", "number"}


def kinds(view: ViewDoc | None, columns: Mapping[str, Any]) -> dict[str, Kind]:
    """Returns by name how each of `columns` (a value of each) is written: as its view says, else as its type is."""
    told = {column.name: column for column in (view.columns if view else ())}
    return {name: _kind(name, told.get(name), value) for name, value in columns.items()}


def _kind(name: str, column: Column | None, value: Any) -> Kind:
    tests = {one.split(" ", maxsplit=1)[0] for one in column.tests} if column else set()
    text = column.text if column else ""
    unit = match[1] if (match := _UNIT.search(text)) else ""
    form = next((one for one in ("rate", "money", "count", "number") if one in tests), "")
    if form == "number" and unit == "currency":
        form = "money"
    if not form:
        # A Decimal that its view does not call money is a part of an order, say.
        form = "number" if column is not None and isinstance(value, Decimal) else _form(value)
    if form == "rate":
        unit = "%"
    return Kind(name, head(name), form, unit, text)


def _form(value: Any) -> str:
    if isinstance(value, bool | str):
        return "text"
    if isinstance(value, datetime | date):
        return "day"
    if isinstance(value, Decimal):
        return "money"
    return "count" if isinstance(value, int) else "number" if isinstance(value, float) else "text"


def head(name: str) -> str:
    """A column's name in words: `open_rate` is "open rate"."""
    return " ".join(filter(None, (WORDS.get(word, word) for word in name.split("_")))) or name


def money(amount: Any, currency: str) -> str:
    """An amount with its currency: `EUR 1,234.50`."""
    if amount is None:
        return NOTHING
    from babel.numbers import get_currency_precision

    places = get_currency_precision(currency) if currency else 2
    exact = Decimal(str(amount)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    return f"{currency or NO_CURRENCY}\u00a0{exact:,.{places}f}".replace("-", "\u2212")


def written(value: Any, form: str, currency: str = "") -> str:
    """The value as `form` (of Kind) says; `currency` is that of money."""
    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return NOTHING
    if form == "money":
        return money(value, currency)
    if form == "rate":
        return percent(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " \u203a ".join(map(str, value)) or NOTHING
    if isinstance(value, datetime):
        return value.strftime("%-d %b %Y, %H:%M")
    if isinstance(value, date):
        return value.strftime("%-d %b %Y")
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\u2212")
    if isinstance(value, float | Decimal):
        return number(value)
    return str(value) or NOTHING


def number(value: float | Decimal) -> str:
    """The `value` with at most four digits that say something: 12,345; 1,234.5; 3.142; 0.0312."""
    size = abs(float(value))
    places = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    text = f"{value:,.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "\u2212") or "0"


def percent(rate: float | Decimal) -> str:
    """A rate of 0 to 1 as percent: `12.3 %`."""
    size = abs(float(rate)) * 100
    places = 0 if size >= 99.95 or size == 0 else 1 if size >= 1 else 2
    text = f"{rate * 100:.{places}f}"
    return f"{text}\u00a0%".replace("-", "\u2212")
