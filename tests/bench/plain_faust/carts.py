"""Carts, abandonment, orders and reminders of the plain job, for one profile at a time."""

from __future__ import annotations

from hashlib import blake2b
from string import Template
from typing import Any

from schemas.money import micros, quantity, to_number
from schemas.names import ACTIVITY_CHANNELS, ACTIVITY_EVENTS, ACTIVITY_TYPES
from schemas.times import iso
from tests.bench.plain_faust.app import conversions, decisions, messages, open_carts, transitions
from tests.bench.plain_faust.attribution import credits_of
from tests.bench.plain_faust.cells import count
from tests.bench.plain_faust.models import Cart, Profile, Stitched

ABANDON_AFTER_MS = 30 * 60_000
BODY = Template("You left $count things in your cart. They are worth $value $currency. $url")


def is_activity(event: Stitched) -> bool:
    """Whether the customer did something in the shop."""
    return event.channel in ACTIVITY_CHANNELS and (event.name in ACTIVITY_EVENTS or event.type in ACTIVITY_TYPES)


async def on_event(profile_id: str, profile: Profile, event: Stitched) -> None:
    """The cart after an event."""
    if event.type == "track" and event.name == "Order Completed":
        await _order(profile_id, profile, event)
        return
    came_back = is_activity(event) and event.at > profile.last_activity
    if came_back:
        profile.last_activity = event.at
    cart, had = profile.cart, profile.cart is not None
    if event.type == "track" and event.name in ("Product Added", "Product Removed", "Cart Viewed", "Checkout Started"):
        cart = cart or Cart(id=_digest(profile_id, event.at, event.message_id), opened_at=event.at, lines={})
        _change(cart, event)
        profile.cart = cart if cart.lines else None
        if not had and cart.lines:
            await _moved(profile_id, cart, "none", "open", event.at, "opened")
        elif had and not cart.lines:
            await _moved(profile_id, cart, _state(cart), "emptied", event.at, "emptied")
    if profile.cart is not None and profile.cart.abandoned and came_back:
        profile.cart.abandoned = False
        await _moved(profile_id, profile.cart, "abandoned", "open", event.at, "reopened")
    if profile.cart is None:
        if had:
            open_carts.pop(profile_id, None)
    elif came_back or not had:
        open_carts[profile_id] = max(profile.last_activity, profile.cart.opened_at)


async def abandon(profile_id: str, profile: Profile, now: int) -> bool:
    """Abandon the cart if its time has come; returns whether it was."""
    cart = profile.cart
    if cart is None or cart.abandoned:
        return False
    due = max(profile.last_activity, cart.opened_at) + ABANDON_AFTER_MS
    if due > now:
        return False
    cart.abandoned = True
    cart.abandonment_no += 1
    open_carts.pop(profile_id, None)
    await _moved(profile_id, cart, "open", "abandoned", due, "inactivity")
    await _remind(profile_id, profile, cart, due)
    return True


async def _order(profile_id: str, profile: Profile, event: Stitched) -> None:
    if profile.cart is not None:
        await _moved(profile_id, profile.cart, _state(profile.cart), "converted", event.at, "order")
        profile.cart = None
        open_carts.pop(profile_id, None)
    order_id = str(event.properties.get("order_id") or event.message_id)
    if order_id in profile.orders:
        return
    profile.orders.append(order_id)
    value = next((v for n in ("revenue", "total", "value") if (v := micros(event.properties.get(n))) is not None), 0)
    row = {
        "order_id": order_id, "profile_id": profile_id, "value": to_number(value), "at": event.event_time,
        "currency": event.properties.get("currency"), "channel": event.channel, "touches": profile.touches,
        "credits": credits_of(profile), "recovered": None,
    }  # fmt: skip
    await conversions.send(key=profile_id, value=row)
    count("channel_hour", event.at, {"channel": event.channel}, orders=1, revenue=to_number(value))


def _change(cart: Cart, event: Stitched) -> None:
    properties = event.properties
    cart.currency = properties.get("currency") or cart.currency
    if event.name == "Product Added":
        _add(cart.lines, properties)
    elif event.name == "Product Removed":
        line = cart.lines.get(_key(properties))
        pieces = quantity(properties.get("quantity"))
        if line is not None:
            line["quantity"] -= line["quantity"] if pieces is None else pieces
            if line["quantity"] <= 0:
                del cart.lines[_key(properties)]
    elif isinstance(products := properties.get("products"), list):
        cart.lines = {}
        for product in products:
            _add(cart.lines, product)
    cart.checkout = cart.checkout or event.name == "Checkout Started"


def _add(lines: dict[str, dict[str, Any]], product: dict[str, Any]) -> None:
    pieces = quantity(product.get("quantity"))
    pieces = 1 if pieces is None else pieces
    key = _key(product)
    if key in lines:
        lines[key]["quantity"] += pieces
        return
    price = micros(product.get("price"))
    lines[key] = {
        "product_id": product.get("product_id"), "sku": product.get("sku"), "name": product.get("name"),
        "price": None if price is None else to_number(price), "quantity": pieces, "url": product.get("url"),
        "image_url": product.get("image_url"),
    }  # fmt: skip


def _key(product: dict[str, Any]) -> str:
    return str(product.get("sku") or product.get("product_id"))


def _value(cart: Cart) -> float:
    return round(sum((line["price"] or 0) * line["quantity"] for line in cart.lines.values()), 6)


def _state(cart: Cart) -> str:
    return "abandoned" if cart.abandoned else "open"


async def _moved(profile_id: str, cart: Cart, source: str, target: str, at: int, reason: str) -> None:
    stage = "checkout" if cart.checkout else "cart"
    row = {
        "profile_id": profile_id, "cart_id": cart.id, "from": source, "to": target, "at": iso(at), "reason": reason,
        "lines": list(cart.lines.values()), "value": _value(cart), "currency": cart.currency, "stage": stage,
        "abandonment_no": cart.abandonment_no,
    }  # fmt: skip
    await transitions.send(key=profile_id, value=row)
    count("cart_hour", at, {"stage": stage}, **{"abandoned" if reason == "inactivity" else target: 1})


async def _remind(profile_id: str, profile: Profile, cart: Cart, at: int) -> None:
    channel = next((c for c in ("push", "email", "sms") if c in profile.contacts), None)
    reason = "no_contact" if channel is None else "no_consent" if channel in profile.withdrawn else None
    message_id = None if reason else _digest(profile_id, cart.id, cart.abandonment_no)
    about = {
        "campaign_id": "abandoned-cart", "step": "reminder", "variant": None,
        "trigger": {"type": "cart_abandoned", "at": iso(at), "cart_id": cart.id}, "decided_at": iso(at),
    }  # fmt: skip
    decision = {
        **about, "decision_id": _digest(profile_id, cart.id, cart.abandonment_no, 0), "profile_id": profile_id,
        "arm": "treatment", "outcome": "suppressed" if reason else "sent", "reason": reason, "message_id": message_id,
    }  # fmt: skip
    await decisions.send(key=profile_id, value=decision)
    if message_id is not None and channel is not None:
        url = next((line["url"] for line in cart.lines.values() if line["url"]), "")
        body = BODY.substitute(count=len(cart.lines), value=_value(cart), currency=cart.currency or "", url=url)
        message = {
            **about, "message_id": message_id, "profile_id": profile_id, "channel": channel,
            "to": profile.contacts[channel], "subject": "Your cart", "body": body, "url": url, "offer": None,
            "expires_at": iso(at + 24 * 3_600_000),
        }  # fmt: skip
        await messages.send(key=profile_id, value=message)


def _digest(*parts: object) -> str:
    return blake2b("|".join(map(str, parts)).encode(), digest_size=16).hexdigest()
