"""Logging in and out, and what it publishes: identify calls, alias calls, changed addresses, cleared browsers."""

from __future__ import annotations

from typing import Any

from deploy.shop.event_publisher import Sender
from deploy.shop.floor import Floor
from deploy.shop.people import Customer, Device
from deploy.shop.senders import CARD, HANDLE, external, on_device, typed_email, typed_phone
from schemas.identifiers import EMAIL, PHONE, Identifier


def log_in(floor: Floor, customer: Customer, device: Device, sender: Sender) -> Sender:
    """The customer logs in on this device: an alias call with some SDKs, an identify with all. The new sender."""
    group = customer.group
    device.user = customer.user_id if device.shared else device.account
    main = device.user == customer.user_id
    if device.shared:
        device.email = customer.email
    # What was in this device's cart goes into the account's.
    for product, quantity in device.cart.items():
        customer.cart[product] = max(quantity, customer.cart.get(product, 0))
    device.cart = {}
    after = on_device(customer, device, sender.route)
    if device.aliases and not device.shared and device.resets == 0:
        floor.publisher.send(after, group.tick(group.clock + 1), "alias", "", {}, previous=device.anonymous_id)
        device.aliases = False
    elif floor.rng.random() < 0.02:
        # What browsers send when alias is called twice: an alias of the user with itself.
        floor.publisher.send(after, group.tick(group.clock + 1), "alias", "", {}, previous=device.user)
    traits, also, externals = _traits(floor, customer, device, main=main)
    context = after.context
    if externals:
        context = {**context, "externalIds": [*context.get("externalIds", ()), *externals]}
    at = group.tick(group.clock + 1 + int(floor.rng.random() * 300))
    floor.publisher.send(after, at, "identify", "", {}, traits=traits, also=also, context=context)
    if customer.company and main:
        business = after.with_(fields={**after.fields, "groupId": customer.company})
        floor.publisher.send(business, group.tick(at + 1), "group", "", {}, traits={"plan": "business"})
    return after


def _traits(
    floor: Floor, customer: Customer, device: Device, *, main: bool
) -> tuple[dict[str, Any], tuple[Identifier, ...], list[dict[str, str]]]:
    """What the account has on file: traits, the identifiers in them, and external ids."""
    r = floor.rng.random
    also = [Identifier(EMAIL, device.email)]
    first, last = customer.name
    traits: dict[str, Any] = {"email": typed_email(device.email), "firstName": first, "lastName": last}
    externals: list[dict[str, str]] = []
    if main:
        if customer.email2 and not customer.old_user_id and r() < 0.3:
            # A changed address: the account has been seen with both from then on.
            traits["email"] = customer.email2
            also = [Identifier(EMAIL, customer.email2)]
        if customer.phone and r() < 0.5:
            traits["phone"] = typed_phone(customer.phone)
            also.append(Identifier(PHONE, customer.phone))
        on_file = ((customer.card_told, CARD, customer.card), (customer.handle_told, HANDLE, customer.handle))
        for told, kind, value in on_file:
            if told and r() < 0.7:
                externals.append(external(kind, value))
                also.append(Identifier(kind, value))
    return traits, tuple(also), externals


def log_out(floor: Floor, device: Device) -> None:
    """The user logs out; some SDKs then start over with a new anonymous id, a few times in a device's life."""
    device.user = ""
    if not device.shared and device.resets < 10 and floor.rng.random() < 0.4:
        device.resets += 1
        device.anonymous_id = floor.census.uuid()
        device.cart = {}


def join_accounts(at: int, floor: Floor, customer: Customer) -> None:
    """The shop's server merges a customer's second account into the first at the time `at` (epoch milliseconds)."""
    sender = Sender(
        channel="web",
        sdk="segment_node",
        key=customer.user_id,
        fields={"userId": customer.user_id},
        context={"library": {"name": "analytics-node", "version": "3.1.0"}},
        ids=(Identifier("user_id", customer.user_id),),
        group=customer.group,
        customer=customer,
    )
    floor.publisher.send(sender, customer.group.tick(at), "alias", "", {}, previous=customer.old_user_id)
    for device in customer.devices:
        if device.account == customer.old_user_id:
            device.account, device.user = customer.user_id, ""
