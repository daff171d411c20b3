"""What the offers in messages would cost if every code were redeemed, on the largest cart that it was offered for."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from deploy.backtest.sides import Made, Value
from schemas.money import MICRO, micros

_PERCENT: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:%|percent\b|per cent\b)", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"\b([A-Z]{3})\b")
_CENTS: Final = Decimal("0.01")


class Code(NamedTuple):
    """One code: whose campaign it is, what it gives, and its worst cost so far with its currency; None: not known."""

    campaign: str
    discount: str
    cost: Decimal | None
    currency: str


class Offers:
    """The codes given away by one campaigns file. A code may be in several messages, and is redeemed once."""

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}
        self._messages: Counter[tuple[str, str, str]] = Counter()

    def add(self, made: Made, carts: Mapping[tuple[str, str], Value]) -> None:
        """A message was sent; `carts` are what carts were worth, by id and the time they were abandoned at."""
        if made.sent is None or made.sent.offer is None:
            return
        offer, trigger = made.sent.offer, made.row["trigger"]
        campaign, discount = made.row["campaign_id"], offer["discount"]
        found = cost(discount, carts.get((trigger["cart_id"] or "", trigger["at"])))
        self._messages[campaign, discount, found[1]] += 1
        kept = self._codes.get(offer["code"])
        if kept is None or (found[0] is not None and (kept.cost is None or found[0] > kept.cost)):
            self._codes[offer["code"]] = Code(campaign, discount, *found)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each campaign, discount and currency: codes, messages with one, worst cost, codes of no known."""
        sums: dict[tuple[str, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0), 0])
        for code in self._codes.values():
            row = sums[code.campaign, code.discount, code.currency]
            row[0] += 1
            row[1] += code.cost or 0
            row[2] += code.cost is None
        return [
            {
                "campaign_id": campaign, "discount": discount, "currency": currency, "codes": codes,
                "messages": self._messages[campaign, discount, currency],
                "worst_cost": None if unknown == codes else str(total.quantize(_CENTS)), "codes_without_cost": unknown,
            }
            for (campaign, discount, currency), (codes, total, unknown) in sorted(sums.items())
        ]  # fmt: skip


def cost(discount: str, cart: Value | None) -> tuple[Decimal | None, str]:
    """What a `discount` costs on a cart, and in which currency; None where the text or the cart does not tell.

    A text with a percentage is that share of the cart, an amount is itself, in the currency it names, else the cart's.
    """
    currency = (cart.currency if cart is not None else None) or ""
    if (share := _PERCENT.search(discount)) is not None:
        worth = None if cart is None or cart.amount is None else micros(cart.amount)
        if worth is None:
            return None, currency
        return Decimal(share[1].replace(",", ".")) * worth / MICRO / 100, currency
    amount = micros(discount)
    if amount is None:
        return None, currency
    named = _CURRENCY.search(discount)
    return abs(Decimal(amount)) / MICRO, named[1] if named is not None else currency
