"""The checkout of a visit: its steps, where people leave it, and the order at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.shop.floor import Lines, listed
from deploy.shop.purchases import complete
from deploy.shop.senders import elsewhere, shown_email, shown_phone
from schemas.identifiers import EMAIL, PHONE, Identifier

if TYPE_CHECKING:
    from deploy.shop.visits import Visit

STAYS = 0.86
"""How many go on from one step of the checkout to the next."""


def check_out(visit: Visit) -> None:
    """Checkout Started, its steps, and with luck an order. Without a login the customer is a guest with an e-mail."""
    r, device = visit.rng.random, visit.device
    if device.shared and not device.user:
        visit.log_in()
        if not visit.cart:
            return
    visit.pause()
    order_id, lines = visit.floor.order_id(), visit.lines()
    total = sum(p.cents * q for p, q in lines)
    products = listed(lines, visit.sender, visit.currency)
    started: dict[str, Any] = {"order_id": order_id, "value": total / 100, "currency": visit.currency}
    visit.track("Checkout Started", {**started, "products": products}, visit.snapshot(checkout=True))
    also: tuple[Identifier, ...] = ()
    for step in (1, 2, 3):
        visit.pause()
        properties: dict[str, Any] = {"checkout_id": order_id, "step": step}
        visit.track("Checkout Step Viewed", properties)
        if r() > STAYS:
            return
        if step == 1 and not device.user:
            # A new mapping: the step as viewed may still be on its way.
            contact, also = _contact(visit)
            properties = {**properties, **contact}
        visit.pause()
        visit.track("Checkout Step Completed", properties, also=also)
        also = ()
    visit.track("Payment Info Entered", {"checkout_id": order_id, "payment_method": "card", "step": 3})
    if r() > STAYS:
        return
    visit.pause()
    _order(visit, order_id, lines)


def _contact(visit: Visit) -> tuple[dict[str, Any], tuple[Identifier, ...]]:
    """A guest's e-mail, sometimes with a phone number, for the properties of the first step; and as identifiers."""
    customer, email = visit.customer, visit.device.email
    told = {"email": shown_email(email)}
    also = [Identifier(EMAIL, email)]
    if customer.phone and email == customer.email and not customer.old_user_id and visit.rng.random() < 0.3:
        told["phone"] = shown_phone(customer.phone)
        also.append(Identifier(PHONE, customer.phone))
    return told, tuple(also)


def _order(visit: Visit, order_id: str, lines: Lines) -> None:
    """The order, told by the device, by the shop's server, or by both with one order number."""
    x, device, customer = visit.rng.random(), visit.device, visit.customer
    visit.cart.clear()
    visit.t = customer.group.tick(visit.t)
    server = elsewhere(
        customer, visit.sender.channel, "segment_node", user=device.user, email="" if device.user else device.email
    )
    first = server if x < 0.3 else visit.sender
    complete(visit.floor, first, visit.t, lines, order_id=order_id)
    if x > 0.9:
        visit.t = customer.group.tick(visit.t + 200 + int(x * 1000))
        complete(visit.floor, server, visit.t, lines, order_id=order_id, again=True)
