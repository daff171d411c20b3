"""Orders and what becomes of them: bought on any channel, updated, cancelled, returned."""

from __future__ import annotations

from typing import Any

from deploy.shop.catalogue import Product
from deploy.shop.clock import DAY, HOUR, MINUTE
from deploy.shop.delivery import Route
from deploy.shop.event_publisher import Sender
from deploy.shop.floor import Floor, Lines, facts, line_of, listed
from deploy.shop.people import Customer, Group
from deploy.shop.senders import BUYER, CARD, CHAT, elsewhere, nobody
from deploy.shop.truth_carts import Added, Ordered
from deploy.shop.world import STORES, STORES_OF, Store
from schemas.identifiers import EMAIL, ORDER_ID, Identifier
from schemas.times import iso


def complete(
    floor: Floor,
    sender: Sender,
    t: int,
    lines: Lines,
    *,
    order_id: str = "",
    again: bool = False,
    also: tuple[Identifier, ...] = (),
    **more: Any,
) -> str:
    """Publish Order Completed at `t` and put it in the order book; its number.

    `again`: another system tells of the same order.
    """
    order_id = order_id or floor.order_id()
    currency = sender.customer.region.currency if sender.customer else "EUR"
    cents = sum(p.cents * q for p, q in lines)
    money: Any = f"{cents / 100:.2f}" if sender.text_money else cents / 100
    properties = {
        "order_id": order_id,
        "revenue": money,
        "currency": currency,
        "products": listed(lines, sender, currency),
        **more,
    }
    floor.post.send(sender, t, "track", "Order Completed", properties, effect=Ordered(order_id), also=also)
    if again:
        return order_id
    if floor.keep_orders:
        floor.orders.append(
            {
                "order_id": order_id,
                "customer": sender.customer.id if sender.customer else None,
                "channel": sender.channel,
                "at": iso(t),
                "revenue": cents / 100,
                "currency": currency,
                "lines": [{"key": line_of(p, q, sender).key, "quantity": q, "price": p.cents / 100} for p, q in lines],
            }
        )
    customer = sender.customer
    if customer is not None:
        x = floor.rng.random()
        paid = tuple((product, quantity, product.cents) for product, quantity in lines)
        if x < 0.08:
            floor.later(t + 2 * HOUR + int(x * 60 * DAY), give_back, floor, sender, order_id, paid)
        elif x < 0.11:
            floor.later(t + 5 * MINUTE, change, floor, sender, order_id, "Order Updated")
        elif x < 0.12:
            floor.later(t + 20 * MINUTE, change, floor, sender, order_id, "Order Cancelled")
    return order_id


def change(t: int, floor: Floor, sender: Sender, order_id: str, name: str) -> None:
    """Order Updated or Order Cancelled, by the shop's server."""
    t = sender.group.tick(t)
    floor.post.send(_server(sender), t, "track", name, {"order_id": order_id})


def give_back(t: int, floor: Floor, sender: Sender, order_id: str, paid: tuple[tuple[Product, int, int], ...]) -> None:
    """A customer returns some lines: Order Refunded with what was `paid` (product, quantity, price in cents)."""
    customer = sender.customer
    if customer is None:
        return
    back = paid[: 1 + int(floor.rng.random() * len(paid))]
    cents = sum(price * quantity for _, quantity, price in back)
    t = customer.group.tick(t)
    server = _server(sender)
    currency = customer.region.currency
    properties = {
        "order_id": order_id,
        "revenue": cents / 100,
        "currency": currency,
        "products": [{**facts(p, server, currency, quantity=q), "price": price / 100} for p, q, price in back],
    }
    floor.post.send(server, t, "track", "Order Refunded", properties)
    if floor.keep_orders:
        floor.orders.append(
            {"order_id": order_id, "customer": customer.id, "refunded": cents / 100, "currency": currency, "at": iso(t)}
        )


def _server(sender: Sender) -> Sender:
    """The same person as a system that reports later knows them: by the account if there is one."""
    user = str(sender.fields.get("userId", ""))
    if sender.customer is not None and user in (sender.customer.user_id, sender.customer.old_user_id) and user:
        return elsewhere(sender.customer, sender.channel, "segment_node", user=user)
    return sender.at(route=Route(), skew=0, sdk="segment" if sender.sdk == "segment_fast" else sender.sdk)


def buy_in_store(t: int, floor: Floor, customer: Customer, lines: Lines) -> None:
    """At a till, known by loyalty card or by the e-mail for the receipt, or paid in cash by nobody."""
    r = floor.rng.random
    store = _store(floor, customer)
    group = customer.group
    t = group.tick_second(t)
    # Some tills report only at night.
    route = Route(online_at=t + int(8 * HOUR * r())) if r() < 0.15 else Route()
    sdk = ("cloud", "till", "segment_node", "timeless", "rudder_node")[int(r() * 5)]
    receipt = r() < (0.3 if customer.card else 0.8)
    if not customer.card and not receipt:
        pay_cash(t, floor, group, store, lines)
        return
    sender = elsewhere(
        customer, "store", sdk, externals=((CARD, customer.card),) if customer.card else (),
        email=customer.email if receipt else "", route=route,
    )  # fmt: skip
    if r() < 0.3:
        floor.post.send(sender, t, "track", "Store Visited", {"store_id": store.store_id})
        t = group.tick_second(t + 6 * MINUTE)
    complete(floor, sender, t, lines, store_id=store.store_id)


def pay_cash(t: int, floor: Floor, group: Group, store: Store, lines: Lines) -> None:
    """A nameless sale: a customer of its own under its order number."""
    sender = nobody("store", "cloud", group)
    order_id = floor.order_id()
    named = sender.at(ids=(Identifier(ORDER_ID, order_id),))
    complete(floor, named, group.tick(t), lines, order_id=order_id, store_id=store.store_id)


def buy_by_phone(t: int, floor: Floor, customer: Customer, lines: Lines) -> None:
    """Ordered at the call centre, known by the phone number, sometimes by e-mail as well."""
    t = customer.group.tick(t)
    also: tuple[Identifier, ...] = ()
    more: dict[str, Any] = {}
    if floor.rng.random() < 0.4:
        also, more = (Identifier(EMAIL, customer.email),), {"email": customer.email}
    sender = elsewhere(customer, "callcenter", "rudder_node", phone=customer.phone)
    floor.post.send(sender, t, "track", "Call Received", {"queue": "sales", "seconds": 240})
    complete(floor, sender, customer.group.tick(t + 4 * MINUTE), lines, also=also, **more)


def buy_on_marketplace(t: int, floor: Floor, customer: Customer) -> None:
    """A look, a cart and often an order on the marketplace, where the customer is a buyer number."""
    sdk = "cloud" if int(customer.id[1:]) % 2 else "segment_node"
    sender = elsewhere(customer, "marketplace", sdk, externals=((BUYER, customer.buyer),))
    _look_and_add(t, floor, customer, sender, buys=0.6)


def chat(t: int, floor: Floor, customer: Customer) -> None:
    """The same in a messenger chat; some give their phone number there."""
    phone = customer.phone if floor.rng.random() < 0.3 else ""
    sender = elsewhere(customer, "messenger", "rudder", externals=((CHAT, customer.chat),), phone=phone)
    _look_and_add(t, floor, customer, sender, buys=0.3)


def _look_and_add(t: int, floor: Floor, customer: Customer, sender: Sender, *, buys: float) -> None:
    group, product, currency = customer.group, floor.pick(), customer.region.currency
    t = group.tick(t)
    line = ((product, 1),)
    described = listed(line, sender, currency)[0]
    floor.post.send(sender, t, "track", "Product Viewed", described)
    t = group.tick(t + MINUTE)
    floor.post.send(sender, t, "track", "Product Added", described, effect=Added(line_of(product, 1, sender)))
    if floor.rng.random() < buys:
        complete(floor, sender, group.tick(t + 3 * MINUTE), line)


def _store(floor: Floor, customer: Customer) -> Store:
    near = STORES_OF[customer.region.country] or STORES
    return near[int(floor.rng.random() * len(near))]
