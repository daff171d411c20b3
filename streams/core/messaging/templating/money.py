"""The `money` filter: an amount as people of a language write it (Unicode CLDR, by Babel)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal
from liquid.filter import with_context

from schemas.currencies import currency_code
from schemas.money import micros
from streams.core.messaging.templating.partials import MESSAGE, MessageKind
from streams.core.messaging.templating.values import fault, number, text

if TYPE_CHECKING:
    from liquid import RenderContext


@with_context
def _money(value: Any, currency: Any = None, *, context: RenderContext) -> str | None:
    """`49.9` as `49,90 €` in German: in the currency named, else the cart's, else the trigger's; nothing for nil.

    Without any currency it is the amount alone, with two decimals. Text is read as prices on events are (contract 8.4).
    Raises FilterArgumentError for what is no amount.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise fault(f"money expects an amount, found {type(value).__name__}")
    amount = number(value)
    if isinstance(value, str):
        read = micros(value)
        if read is None:
            raise fault(f"money expects an amount, found {value[:40]!r}")
        amount = Decimal(read).scaleb(-6)
    locale = _locale(_language(context))
    code = _currency(currency, context)
    if code is None:
        return format_decimal(amount, "#,##0.00", locale)
    return format_currency(amount, code, locale=locale)


def _language(context: RenderContext) -> str:
    """The message's; English where nobody says."""
    kind = context.resolve(MESSAGE, default=None)
    return kind.language if isinstance(kind, MessageKind) else "en"


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    """The language's locale; English where CLDR does not have it."""
    try:
        return Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def _currency(named: Any, context: RenderContext) -> str | None:
    """A code of ISO 4217: the one named, else that of what the message is about."""
    for owner in (None, "cart", "trigger"):
        about = named if owner is None else context.resolve(owner, default=None)
        code = currency_code(
            text(about.get("currency") if isinstance(about, Mapping) else about if owner is None else None)
        )
        if code is not None:
            return code
    return None


FILTERS: Final[dict[str, Callable[..., Any]]] = {"money": _money}
