"""The orders of one profile, each as a sale with all that was said of it later, and what that comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas.blocked import is_blocked
from tests.oracle.cart import Cart, plain
from tests.oracle.outcome import iso
from tests.oracle.reach import Sent
from tests.oracle.reading import Fact, number, order_value, text

HOUR = 3_600_000
RENEWS = ("subscription_renewal", "is_renewal", "subscriptionRenewal", "isRenewal")
ORDER_EVENTS = {"Order Completed", "Order Updated", "Order Cancelled", "Order Refunded"}


@dataclass
class Sale:
    """One order. `completed` is False where only corrections have come; `cart` is the cart that it converted.

    `valued_at` is the time of what has set its value, `told_at` that of the last Order Completed of it; `wholly` says
    that all of it was paid back before it came; `moves` counts how often it has come or gone with its order_id.
    """

    order_id: str
    at: int
    channel: str
    currency: str | None
    value: Decimal
    completed: bool = True
    renewal: bool = False
    cancelled_at: int | None = None
    valued_at: int = -1
    told_at: int = -1
    wholly: bool = False
    paid_back: dict[str, Decimal] = field(default_factory=dict)
    credited: Sent | None = None
    cart: Cart | None = None
    moves: int = 0

    @property
    def failed(self) -> bool:
        """Whether it was cancelled within an hour: the payment failed."""
        return self.completed and self.cancelled_at is not None and 0 <= self.cancelled_at - self.at <= HOUR

    def stands(self) -> tuple[int, Decimal, Decimal]:
        """(orders, revenue, refunds) that the sale comes to now."""
        back = sum(self.paid_back.values(), Decimal(0))
        if not self.completed:
            return 0, Decimal(0), back
        if self.cancelled_at is not None:
            return 0, Decimal(0), Decimal(0)
        return 1, self.value, min(back, self.value)


def name_of(event: Fact) -> str:
    """The order that an event is about."""
    given = event.properties.get("order_id")
    if given is None:
        given = event.properties.get("orderId")
    named = "" if isinstance(given, bool) else (text(given) or "")
    named = named[1:].strip() if named.startswith("#") else named
    return event.message_id if is_blocked(named) else named


def is_renewal(properties: dict[str, Any]) -> bool:
    """Whether an order renews a subscription."""
    said = [str(properties.get(name, "no")).strip().lower() for name in RENEWS]
    kind = str(properties.get("order_type", properties.get("orderType"))).strip().lower()
    if any(word not in {"", "0", "no", "n", "off", "false", "none", "null"} for word in said):
        return True
    return kind in {"renewal", "subscription renewal", "subscription_renewal"}


def says_value(properties: dict[str, Any]) -> bool:
    """Whether an amount can be read in them."""
    totals = [properties.get(name) for name in ("revenue", "total", "value")]
    products = properties.get("products")
    prices = [item.get("price") for item in (products if isinstance(products, list) else ()) if isinstance(item, dict)]
    return any(number(amount) is not None for amount in (*totals, *prices))


def refund_of(event: Fact) -> str:
    """What makes two refunds the same."""
    given = text(event.properties.get("refund_id"))
    if given:
        return given
    products = event.properties.get("products")
    lines = [
        (text(item.get("product_id")), text(item.get("sku")), number(item.get("quantity")))
        for item in (products if isinstance(products, list) else ()) if isinstance(item, dict)
    ]  # fmt: skip
    return repr((abs(order_value(event.properties)), lines))


def hear(sale: Sale, event: Fact) -> str | None:
    """Something is said of a sale; what kind of change that is, None for none."""
    before = sale.stands()
    if event.name == "Order Cancelled":
        if not sale.completed:
            sale.cancelled_at = max(event.time, sale.cancelled_at or 0)
            return None
        paid_again = event.time < sale.told_at and event.time - sale.at <= HOUR
        if sale.cancelled_at is not None or paid_again:
            return None
        sale.cancelled_at = event.time
        return "cancellation"
    if event.name == "Order Updated":
        void = sale.completed and sale.cancelled_at is not None
        if not void and says_value(event.properties) and event.time >= sale.valued_at:
            sale.value, sale.valued_at = max(Decimal(0), order_value(event.properties)), event.time
        return "update" if sale.stands() != before else None
    if not sale.completed and not says_value(event.properties):
        sale.wholly = sale.wholly or refund_of(event) not in sale.paid_back
    told = says_value(event.properties) or not sale.completed
    amount = abs(order_value(event.properties)) if told else (sale.value if sale.cancelled_at is None else Decimal(0))
    sale.paid_back.setdefault(refund_of(event), amount)
    return "refund" if sale.stands() != before else None


def reassigned(sale: Sale, profile_id: str, sign: int, event: Fact) -> dict[str, Any]:
    """The row that takes a sale back (`sign` -1) as another customer's, or gets it back; refunds stay as they are."""
    orders, revenue, refunds = sale.stands()
    changed = row(sale, profile_id, "reassigned", (orders, revenue, refunds), event)
    sale.moves += 1
    number = f"reassigned:{sale.moves - 1}" if sale.moves > 1 else ""
    return {**changed, "orders": sign, "value": plain(sign * revenue), "message_id": number}


def row(
    sale: Sale, profile_id: str, kind: str, before: tuple[int, Decimal, Decimal], event: Fact, *, counts: bool = True
) -> dict[str, Any]:
    """The row of `conversions` that says how a sale has changed since `before`."""
    orders, revenue, refunds = (after - then for after, then in zip(sale.stands(), before, strict=True))
    credited = sale.credited
    return {
        "order_id": sale.order_id,
        "profile_id": profile_id,
        "kind": kind,
        "counts": counts,
        "orders": int(orders),
        "value": plain(Decimal(revenue) - Decimal(refunds)),
        "refunds": plain(Decimal(refunds)),
        "currency": sale.currency,
        "at": iso(event.time if kind == "refund" else sale.at),
        "changed_at": iso(event.time),
        "message_id": event.message_id,
        "channel": sale.channel,
        "recovered": credited
        and {"campaign_id": credited.campaign_id, "step": credited.step, "message_id": credited.message_id},
    }
