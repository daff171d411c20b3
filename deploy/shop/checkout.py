"""The checkout of a visit: its steps, where people leave it, and the order at its end."""

from __future__ import annotations

from typing import Any

from deploy.shop.floor import Lines, listed
from deploy.shop.purchases import complete
from deploy.shop.senders import from_system, typed_email, typed_phone
from deploy.shop.sessions import Session
from schemas.identifiers import EMAIL, PHONE, Identifier

STAYS = 0.86
"""The share of customers that go on from one step of the checkout to the next."""


def check_out(session: Session) -> None:
    """Checkout Started, its steps, and with luck an order. Without a login the customer is a guest with an e-mail."""
    r, device = session.rng.random, session.device
    if device.shared and not device.user:
        session.log_in()
        if not session.cart:
            return
    session.pause()
    order_id, lines = session.floor.order_id(), session.lines()
    total = sum(p.cents * q for p, q in lines)
    products = listed(lines, session.sender, session.currency)
    started: dict[str, Any] = {"order_id": order_id, "value": total / 100, "currency": session.currency}
    session.track("Checkout Started", {**started, "products": products}, session.snapshot(checkout=True))
    typed: tuple[Identifier, ...] = ()
    for step in (1, 2, 3):
        session.pause()
        properties: dict[str, Any] = {"checkout_id": order_id, "step": step}
        session.track("Checkout Step Viewed", properties)
        if r() > STAYS:
            return
        if step == 1 and not device.user:
            # A new mapping: the step as viewed may still be on its way.
            contact, typed = _contact(session)
            properties = {**properties, **contact}
        session.pause()
        session.track("Checkout Step Completed", properties, typed=typed)
        typed = ()
    session.track("Payment Info Entered", {"checkout_id": order_id, "payment_method": "card", "step": 3})
    if r() > STAYS:
        return
    session.pause()
    _order(session, order_id, lines)


def _contact(session: Session) -> tuple[dict[str, Any], tuple[Identifier, ...]]:
    """A guest's e-mail, sometimes with a phone number, for the properties of the first step; and as identifiers."""
    customer, email = session.customer, session.device.email
    told = {"email": typed_email(email)}
    typed = [Identifier(EMAIL, email)]
    if customer.phone and email == customer.email and not customer.old_user_id and session.rng.random() < 0.3:
        told["phone"] = typed_phone(customer.phone)
        typed.append(Identifier(PHONE, customer.phone))
    return told, tuple(typed)


def _order(session: Session, order_id: str, lines: Lines) -> None:
    """The order, told by the device, by the shop's server, or by both with one order number."""
    x, device, customer = session.rng.random(), session.device, session.customer
    session.cart.clear()
    session.at = customer.group.tick(session.at)
    server = from_system(
        customer, session.sender.channel, "segment_node", user=device.user, email="" if device.user else device.email
    )
    first = server if x < 0.3 else session.sender
    complete(session.floor, first, session.at, lines, order_id=order_id)
    if x > 0.9:
        session.at = customer.group.tick(session.at + 200 + int(x * 1000))
        complete(session.floor, server, session.at, lines, order_id=order_id, again=True)
