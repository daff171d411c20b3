"""Orders and what becomes of them: bought on any channel, updated, cancelled, returned.

Times are epoch milliseconds.
"""

from __future__ import annotations

from typing import Any

from deploy.shop.catalogue import Product
from deploy.shop.clock import DAY, HOUR, MINUTE
from deploy.shop.delivery import Route
from deploy.shop.event_publisher import Sender
from deploy.shop.floor import Floor, Lines, facts, line_of, listed
from deploy.shop.people import Customer, Group
from deploy.shop.senders import BUYER, CARD, CHAT, from_producer, from_system
from deploy.shop.truth_carts import Added, Cancelled, Ordered
from deploy.shop.world import STORES, STORES_OF, Store
from schemas.identifiers import EMAIL, ORDER_ID, Identifier
from schemas.times import iso


def complete(
    floor: Floor,
    sender: Sender,
    at: int,
    lines: Lines,
    *,
    order_id: str = "",
    again: bool = False,
    typed: tuple[Identifier, ...] = (),
    **more: Any,
) -> str:
    """Publish Order Completed at the time `at`, and put it in the order book; returns its number.

    `order_id`: that number, a new one when empty. `again`: another system tells of the same order. `typed`: the
    addresses in the properties, which `more` is added to.
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
    keys = frozenset(line_of(p, q, sender).key for p, q in lines)
    effect = Ordered(order_id, keys)
    floor.publisher.send(sender, at, "track", "Order Completed", properties, effect=effect, typed=typed)
    if again:
        return order_id
    if floor.keep_orders:
        floor.orders.append(
            {
                "order_id": order_id,
                "customer": sender.customer.id if sender.customer else None,
                "channel": sender.channel,
                "at": iso(at),
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
            floor.later(at + 2 * HOUR + int(x * 60 * DAY), give_back, floor, sender, order_id, paid)
        elif x < 0.11:
            floor.later(at + 5 * MINUTE, change, floor, sender, order_id, "Order Updated")
        elif x < 0.12:
            floor.later(at + 20 * MINUTE, change, floor, sender, order_id, "Order Cancelled")
    return order_id


def change(at: int, floor: Floor, sender: Sender, order_id: str, name: str) -> None:
    """The shop's server changes the order `order_id` at the time `at`; `name`: Order Updated or Order Cancelled."""
    at = sender.group.tick(at)
    effect = Cancelled(order_id) if name == "Order Cancelled" else None
    floor.publisher.send(_server(sender), at, "track", name, {"order_id": order_id}, effect=effect)


def give_back(at: int, floor: Floor, sender: Sender, order_id: str, paid: tuple[tuple[Product, int, int], ...]) -> None:
    """A customer returns lines of the order `order_id` at the time `at`: Order Refunded.

    `paid`: the order's lines as (product, quantity, price in cents).
    """
    customer = sender.customer
    if customer is None:
        return
    back = paid[: 1 + int(floor.rng.random() * len(paid))]
    cents = sum(price * quantity for _, quantity, price in back)
    at = customer.group.tick(at)
    server = _server(sender)
    currency = customer.region.currency
    properties = {
        "order_id": order_id,
        "revenue": cents / 100,
        "currency": currency,
        "products": [{**facts(p, server, currency, quantity=q), "price": price / 100} for p, q, price in back],
    }
    floor.publisher.send(server, at, "track", "Order Refunded", properties)
    if floor.keep_orders:
        floor.orders.append(
            {
                "order_id": order_id,
                "customer": customer.id,
                "refunded": cents / 100,
                "currency": currency,
                "at": iso(at),
            }
        )


def _server(sender: Sender) -> Sender:
    """The same person as a system that reports later knows them: by the account if there is one."""
    user = str(sender.fields.get("userId", ""))
    if sender.customer is not None and user in (sender.customer.user_id, sender.customer.old_user_id) and user:
        return from_system(sender.customer, sender.channel, "segment_node", user=user)
    return sender.with_(route=Route(), skew=0, sdk="segment" if sender.sdk == "segment_fast" else sender.sdk)


def buy_in_store(at: int, floor: Floor, customer: Customer, lines: Lines) -> None:
    """An order at a till at the time `at`, known by loyalty card or by the e-mail for the receipt, or paid in cash."""
    r = floor.rng.random
    store = _store(floor, customer)
    group = customer.group
    at = group.tick_second(at)
    # Some tills report only at night.
    route = Route(online_at=at + int(8 * HOUR * r())) if r() < 0.15 else Route()
    sdk = ("cloud", "till", "segment_node", "timeless", "rudder_node")[int(r() * 5)]
    receipt = r() < (0.3 if customer.card else 0.8)
    if not customer.card and not receipt:
        pay_cash(at, floor, group, store, lines)
        return
    sender = from_system(
        customer, "store", sdk, externals=((CARD, customer.card),) if customer.card else (),
        email=customer.email if receipt else "", route=route,
    )  # fmt: skip
    if r() < 0.3:
        floor.publisher.send(sender, at, "track", "Store Visited", {"store_id": store.store_id})
        at = group.tick_second(at + 6 * MINUTE)
    complete(floor, sender, at, lines, store_id=store.store_id)


def pay_cash(at: int, floor: Floor, group: Group, store: Store, lines: Lines) -> None:
    """A sale without a name at the time `at`: a customer of its own under its order number."""
    sender = from_producer("store", "cloud", group)
    order_id = floor.order_id()
    named = sender.with_(ids=(Identifier(ORDER_ID, order_id),))
    complete(floor, named, group.tick(at), lines, order_id=order_id, store_id=store.store_id)


def buy_by_phone(at: int, floor: Floor, customer: Customer, lines: Lines) -> None:
    """An order at the call centre at the time `at`, known by the phone number, sometimes by e-mail as well."""
    at = customer.group.tick(at)
    typed: tuple[Identifier, ...] = ()
    more: dict[str, Any] = {}
    if floor.rng.random() < 0.4:
        typed, more = (Identifier(EMAIL, customer.email),), {"email": customer.email}
    sender = from_system(customer, "callcenter", "rudder_node", phone=customer.phone)
    floor.publisher.send(sender, at, "track", "Call Received", {"queue": "sales", "seconds": 240})
    complete(floor, sender, customer.group.tick(at + 4 * MINUTE), lines, typed=typed, **more)


def buy_on_marketplace(at: int, floor: Floor, customer: Customer) -> None:
    """A look, a cart and often an order on the marketplace from `at` on, where the customer is a buyer number."""
    sdk = "cloud" if int(customer.id[1:]) % 2 else "segment_node"
    sender = from_system(customer, "marketplace", sdk, externals=((BUYER, customer.buyer),))
    _look_and_add(at, floor, customer, sender, buys=0.6)


def chat(at: int, floor: Floor, customer: Customer) -> None:
    """A look, a cart and now and then an order in a messenger chat from `at` on; some give their phone number."""
    phone = customer.phone if floor.rng.random() < 0.3 else ""
    sender = from_system(customer, "messenger", "rudder", externals=((CHAT, customer.chat),), phone=phone)
    _look_and_add(at, floor, customer, sender, buys=0.3)


def _look_and_add(at: int, floor: Floor, customer: Customer, sender: Sender, *, buys: float) -> None:
    group, product, currency = customer.group, floor.pick(), customer.region.currency
    at = group.tick(at)
    line = ((product, 1),)
    described = listed(line, sender, currency)[0]
    floor.publisher.send(sender, at, "track", "Product Viewed", described)
    at = group.tick(at + MINUTE)
    floor.publisher.send(sender, at, "track", "Product Added", described, effect=Added(line_of(product, 1, sender)))
    if floor.rng.random() < buys:
        complete(floor, sender, group.tick(at + 3 * MINUTE), line)


def _store(floor: Floor, customer: Customer) -> Store:
    near = STORES_OF[customer.region.country] or STORES
    return near[int(floor.rng.random() * len(near))]
