"""What is said of orders, in one profile's walk: they count, end what waits, convert the cart, and are taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.oracle.cart import Cart, products, union
from tests.oracle.decisions import credit
from tests.oracle.names import Names, names_of
from tests.oracle.orders import Sale, hear, is_renewal, name_of, row, says_value
from tests.oracle.profile import Profile
from tests.oracle.reading import Fact, order_value, text
from tests.oracle.triggers import products_of

if TYPE_CHECKING:
    from tests.oracle.walk import Walk


def order(walk: Walk, p: Profile, event: Fact) -> dict[str, Any] | None:
    """Something is said of an order; its row if it is a purchase."""
    order_id = name_of(event)
    sale = p.orders.get(order_id)
    completed = event.name == "Order Completed" and order_value(event.properties) >= 0
    after_failure = sale is not None and sale.failed and event.time > (sale.cancelled_at or 0)
    if completed and (sale is None or not sale.completed or after_failure):
        return sell(walk, p, event, order_id, sale)
    if completed:
        sale.told_at = max(sale.told_at, event.time)
        listed(walk, p, event, order_id)
        return None
    if event.name == "Order Updated":
        listed(walk, p, event, order_id)
    if sale is None and event.name == "Order Updated" and not says_value(event.properties):
        return None
    if sale is None:
        currency = text(event.properties.get("currency"))
        sale = p.orders[order_id] = Sale(order_id, event.time, event.channel, currency, Decimal(0), completed=False)
    before = sale.stands()
    kind = hear(sale, event)
    if kind is not None:
        walk.out.conversions.append(row(sale, p.id, kind, before, event, counts=walk.counts(p, order_id)))
    if kind == "cancellation":
        cancel(walk, p, sale, event.time)
    return None


def sell(walk: Walk, p: Profile, event: Fact, order_id: str, known: Sale | None) -> dict[str, Any] | None:
    """An order counts. If it is a purchase, it ends what waits and converts the cart."""
    currency, counts = text(event.properties.get("currency")), walk.counts(p, order_id)
    sale = Sale(order_id, event.time, event.channel, currency, order_value(event.properties))
    sale.renewal = is_renewal(event.properties)
    sale.valued_at = sale.told_at = event.time
    if known is not None and not known.completed:
        # What was said of it before it came, by the times of events.
        if known.valued_at >= event.time:
            sale.value, sale.valued_at = known.value, known.valued_at
        if known.cancelled_at is not None and known.cancelled_at >= event.time:
            sale.cancelled_at = known.cancelled_at
    before = (0, Decimal(0), Decimal(0)) if known is None else known.stands()
    if known is not None:
        sale.moves = known.moves
        # What was paid back of a payment that failed was not paid back of this one.
        sale.paid_back = {refund: Decimal(0) if known.failed else paid for refund, paid in known.paid_back.items()}
        if known.wholly:
            sale.paid_back["all of it"] = sale.value
    p.orders[order_id] = sale
    if sale.failed:
        if sale.stands() != before:
            walk.out.conversions.append(row(sale, p.id, "cancellation", before, event, counts=counts))
        return None
    if not sale.renewal:
        sale.credited = credit(p, event.time)
    conversion = row(sale, p.id, "renewal" if sale.renewal else "order", before, event, counts=counts)
    walk.out.conversions.append(conversion)
    if sale.renewal:
        return None
    p.last_order = max(p.last_order or 0, event.time)
    walk.end(p, "converted", event.time, lambda s: s.ended_by(event.time))
    converted = products(p.cart.lines) if p.cart is not None and p.cart.opened_at <= event.time else []
    if sale.cancelled_at is None:
        p.bought.remember(order_id, event.time, names_in(event), converted, {**p.looks.interests, **p.looks.browsed})
    if p.cart is not None and p.cart.opened_at <= event.time:
        sale.cart = p.cart
        walk.leave(p, "converted", "order", event.time)
    walk.everybody.bought(products_of(event), event.time)
    return conversion


def names_in(event: Fact) -> list[Names]:
    """What an event of an order lists."""
    return [names for product in products_of(event) if (names := names_of(product))]


def listed(walk: Walk, p: Profile, event: Fact, order_id: str) -> None:
    """Another call of an order lists products: what a cart has of them was bought."""
    if not p.bought.also(order_id, names_in(event), {**p.looks.interests, **p.looks.browsed}) or p.cart is None:
        return
    cart, lines = p.cart, p.bought.left(p.cart.lines, walk.campaigns.order_grace)
    if not products(lines):
        walk.leave(p, "converted", "order", max(event.time, cart.opened_at))
    else:
        cart.lines = lines


def cancel(walk: Walk, p: Profile, sale: Sale, at: int) -> None:
    """An order is cancelled. Where a payment failed, it is as if it had not been, and the cart is open again."""
    walk.end(
        p, "exited", at, lambda s: s.trigger.type == "order_completed" and s.trigger.about["order_id"] == sale.order_id
    )
    p.bought.purchases.pop(sale.order_id, None)
    if not sale.failed:
        return
    if sale.credited is not None:
        p.reach.reminders.append(sale.credited)
    bought = [s.at for s in p.orders.values() if s.completed and not s.renewal and not s.failed]
    p.last_order = max(bought, default=None)
    cart, sale.cart = sale.cart, None
    if cart is None:
        return
    if p.last_order is not None and p.last_order >= cart.opened_at:
        hand_over(p, cart)
        return
    if p.cart is not None:
        p.cart.lines = union(p.cart, cart).lines
        p.cart.stage = "checkout" if "checkout" in {p.cart.stage, cart.stage} else "cart"
        return
    p.cart, cart.started = cart, max(cart.started, at)
    walk.transition(p.id, cart, "open", "order_cancelled", at)


def hand_over(p: Profile, cart: Cart) -> None:
    """The cart of a payment that failed is that of the last order since it was opened."""
    stands = [
        s for s in p.orders.values()
        if s.completed and not s.renewal and s.cancelled_at is None and s.at >= cart.opened_at
    ]  # fmt: skip
    if not stands:
        return
    last = max(stands, key=lambda s: (s.at, s.order_id))
    if last.cart is not None:
        cart = union(cart, last.cart)
        cart.state = "converted"
    last.cart = cart
    p.bought.took(cart)
