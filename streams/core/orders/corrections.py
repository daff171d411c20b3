"""What happens to an order once it has counted: its value is set anew, it is paid back in part, it is cancelled.

An order comes to its value less its refunds, and never to less than nothing. A new value and a
cancellation belong to the order's own time, a refund to its own; all of them to the order's channel.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from schemas.money import micros
from schemas.names import ORDER_CANCELLED, ORDER_UPDATED
from schemas.orders import order_value, refund_value, tells_value
from schemas.values import filled_text
from streams.core.cart.lines import currency_of
from streams.core.orders.conversions import (
    CANCELLATION,
    CANCELLED,
    ELSEWHERE,
    REFUND,
    TAKE_BACK_MS,
    TAKEN_BACK,
    UNKNOWN,
    UPDATE,
    WHOLE,
    Conversion,
    changed,
    paid_back,
    remember,
)
from streams.core.profile.event import Sealed
from streams.core.profile.state import Order, Profile


def on_change(profile: Profile, event: Sealed, order_id: str) -> Conversion | None:
    """Order Updated, Cancelled or Refunded, or an Order Completed of less than nothing, of the order `order_id`.

    None if it changes nothing.
    """
    order = profile.orders.get(order_id)
    if order is not None and ELSEWHERE in order.flags:
        return None
    if event.name not in (ORDER_UPDATED, ORDER_CANCELLED):
        return _refunded(profile, event, order_id, order)
    if order is None or UNKNOWN in order.flags:
        _expected(profile, event, order_id, order)
        return None
    if CANCELLED in order.flags:
        return None
    if event.name == ORDER_CANCELLED:
        if event.time < order.told_at and event.time - order.at <= TAKE_BACK_MS:
            # The payment that failed was followed by one that did not.
            return None
        return _cancelled(profile, event, order_id, order)
    if not tells_value(event.properties) or event.time < order.valued_at:
        return None
    value, order.valued_at = max(0, order_value(event.properties)), event.time
    return _worth(profile, event, order_id, order, UPDATE, value) if value != order.value else None


def _expected(profile: Profile, event: Sealed, order_id: str, order: Order | None) -> None:
    """A new value or a cancellation came before its order: the order, when it comes, is taken with it."""
    if event.name == ORDER_UPDATED and not tells_value(event.properties):
        return
    if order is None:
        order = Order(event.time, event.channel, currency_of(event.properties), 0, flags=UNKNOWN)
        remember(profile, order_id, order)
    if event.name == ORDER_CANCELLED:
        order.cancelled_at = max(order.cancelled_at, event.time)
    elif event.time >= order.valued_at:
        order.value, order.valued_at = max(0, order_value(event.properties)), event.time


def _cancelled(profile: Profile, event: Sealed, order_id: str, order: Order) -> Conversion:
    order.flags += CANCELLED
    order.cancelled_at = event.time
    if 0 <= event.time - order.at <= TAKE_BACK_MS:
        order.flags += TAKEN_BACK
        if order.recovered is not None:
            # What the reminder brought back is not sold yet.
            profile.reminders = sorted([*profile.reminders, order.recovered], key=lambda r: (r.at, r.message_id))
    return _worth(profile, event, order_id, order, CANCELLATION, 0, orders=-1)


def _worth(
    profile: Profile, event: Sealed, order_id: str, order: Order, kind: str, value: int, orders: int = 0
) -> Conversion:
    before, less = paid_back(order), value - order.value
    net = order.value - before
    order.value = value
    return changed(
        profile, event, order_id, order, kind, at=order.at, orders=orders, revenue=less,
        refunds=paid_back(order) - before, before=net,
    )  # fmt: skip


def _refunded(profile: Profile, event: Sealed, order_id: str, order: Order | None) -> Conversion | None:
    """A refund counts once; of an order that nobody has told of, as it stands, on the channel that tells it."""
    if order is None:
        order = Order(event.time, event.channel, currency_of(event.properties), 0, flags=UNKNOWN)
        remember(profile, order_id, order)
    known_by = _known_by(event.properties)
    if known_by in order.refunds:
        return None
    order.refunds[known_by] = 0
    before, whole = paid_back(order), not tells_value(event.properties)
    if whole and UNKNOWN in order.flags:
        order.flags += WHOLE
        return None
    net = (0 if UNKNOWN in order.flags else order.value) - before
    order.refunds[known_by] = order.value if whole else refund_value(event.properties)
    order.refunded += order.refunds[known_by]
    paid = paid_back(order) - before
    if not paid:
        return None
    return changed(profile, event, order_id, order, REFUND, at=event.time, refunds=paid, before=net)


def _known_by(properties: dict[str, Any]) -> str:
    """What tells one refund from another: its id, else what it pays back and for what."""
    if (given := filled_text(properties.get("refund_id"))) is not None:
        return given[:64]
    products = properties.get("products")
    items = [item for item in products if isinstance(item, dict)] if isinstance(products, list) else []
    lines = [
        [filled_text(item.get("product_id")), filled_text(item.get("sku")), micros(item.get("quantity"))]
        for item in items
    ]
    content = orjson.dumps([refund_value(properties), lines])
    return blake2b(content, digest_size=8).hexdigest()
