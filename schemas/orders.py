"""Orders of raw events: which order an event names, what an order or a refund is worth (in millionths), renewals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from schemas.blocked import is_blocked
from schemas.caches import Memo
from schemas.money import LIMIT, MICRO, micros
from schemas.values import filled_text

TOTALS: Final = ("revenue", "total", "value")
"""Where an order says what it is worth; the first that can be read counts."""

NO_ORDER, CORRECTS, SELLS = 0, 1, 2
"""What an event says of the order that it links: it links none, something but that it is complete, that it is."""

_RENEWAL_MARKS: Final = ("subscription_renewal", "is_renewal", "subscriptionRenewal", "isRenewal")
_ORDER_KINDS: Final = ("order_type", "orderType")
OF_AN_ORDER: Final = frozenset({
    "order_id", "orderId", "currency", "products", "refund_id", *TOTALS, *_RENEWAL_MARKS, *_ORDER_KINDS,
})  # fmt: skip
"""The properties that are read of an order, and say nothing of who placed it."""

_NOT: Final = frozenset({"", "0", "false", "no", "n", "off", "null", "none"})
_RENEWALS: Final = frozenset({"renewal", "subscription_renewal", "subscription renewal"})

_names_none: Final[Memo[str, bool]] = Memo(is_blocked, limit=4_096)
"""Whether a text names no order: each number of one is asked for several times."""


def order_id_of(properties: Mapping[str, Any]) -> str | None:
    """The order that `properties` name, in its one spelling: `#1001`, ` 1001 ` and 1001.0 are `1001`.

    None if they name none: a value that identifies nobody (contract section 1) names no order.
    """
    given = properties.get("order_id")
    if given is None:
        given = properties.get("orderId")
    text = filled_text(given)
    if text is not None and text[0] == "#":
        text = text[1:].strip()
    return None if text is None or _names_none[text] else text


def is_renewal(properties: Mapping[str, Any]) -> bool:
    """Whether an order renews a subscription, as its `properties` say.

    They have `subscription_renewal`, `is_renewal` or `order_type: renewal`, or the same in camel case (contract 8.39).
    """
    for name in _RENEWAL_MARKS:
        given = properties.get(name)
        if given is not None and given is not False and str(given).strip().lower() not in _NOT:
            return True
    kind = next((properties[name] for name in _ORDER_KINDS if name in properties), None)
    return isinstance(kind, str) and kind.strip().lower() in _RENEWALS


def tells_value(properties: Mapping[str, Any]) -> bool:
    """Whether `properties` say what an order is worth: a total that can be read, or a price of a product."""
    if any(name in properties and micros(properties[name]) is not None for name in TOTALS):
        return True
    products = properties.get("products")
    items = products if isinstance(products, list) else ()
    return any(isinstance(item, dict) and micros(item.get("price")) is not None for item in items)


def order_value(properties: Mapping[str, Any]) -> int:
    """The value of an order by its `properties`, in millionths (contract 8.39).

    It is the revenue, else the total, else the value, else the sum of price x quantity of the products.

    A quantity that is not given counts as 1, a price that cannot be read as 0: a voucher does not bring products
    of which a price is missing below nothing.
    """
    for name in TOTALS:
        if name in properties and (amount := micros(properties[name])) is not None:
            return amount
    total, known = 0, True
    products = properties.get("products")
    for item in products if isinstance(products, list) else ():
        if isinstance(item, dict):
            price, pieces = micros(item.get("price")), micros(item.get("quantity"))
            known = known and price is not None
            total += (price or 0) * (MICRO if pieces is None else pieces)
    total = total if known else max(0, total)
    # Two factors in millionths make a product in millionths of millionths.
    return max(-LIMIT, min(LIMIT, _half_even(total)))


_GIFTS: Final = (
    "gift", "is_gift", "isGift", "gift_order", "giftOrder", "gift_message", "giftMessage", "gift_note", "giftNote",
    "recipient", "recipient_name", "recipientName", "recipient_email", "recipientEmail", "recipient_phone",
    "recipientPhone",
)  # fmt: skip


def is_for_another(properties: Mapping[str, Any]) -> bool:
    """Whether what is bought, by the `properties` of an event, goes to somebody else: a gift, or with a recipient.

    The addresses in it may be that person's (contract 1).
    """
    return any(name in properties and _is_said(properties[name]) for name in _GIFTS)


def _is_said(given: Any) -> bool:
    """Whether a mark is there, and does not say no."""
    return given.strip().lower() not in _NOT if isinstance(given, str) else bool(given)


def confirms_claims(properties: Mapping[str, Any]) -> bool:
    """Whether an order, by its `properties`, is the customer's own doing, for themselves."""
    return not (is_for_another(properties) or is_renewal(properties))


def refund_value(properties: Mapping[str, Any]) -> int:
    """What was paid back, by the `properties` of a refund, in millionths: never negative, whatever its sign."""
    return abs(order_value(properties))


def _half_even(amount: int) -> int:
    whole, rest = divmod(amount, MICRO)
    twice = 2 * rest
    return whole + (twice > MICRO or (twice == MICRO and whole % 2 == 1))
