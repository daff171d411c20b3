"""Senders: how a customer shows to the pipeline on a device, at a till, in a mailbox; with the identifiers sent."""

from __future__ import annotations

from typing import Any, Final

from deploy.shop.delivery import Route
from deploy.shop.event_publisher import Sender
from deploy.shop.people import Customer, Device, Group
from deploy.shop.places import whereabouts
from schemas.identifiers import (
    ADVERTISING_ID,
    ANONYMOUS_ID,
    DEVICE_ID,
    EMAIL,
    PHONE,
    PUSH_TOKEN,
    USER_ID,
    Identifier,
    strongest_first,
)

CARD: Final = "loyalty_card"
GA: Final = "ga_client_id"
BUYER: Final = "marketplace_buyer"
CHAT: Final = "messenger_id"
HANDLE: Final = "instagram"


def external(kind: str, value: str) -> dict[str, str]:
    """One entry of `context.externalIds`: an identifier of this kind and value."""
    return {"id": value, "type": kind, "collection": "users", "encoding": "none"}


def number(user_id: str, *, plain: bool) -> str | int:
    """The user id as sent; `plain`: a producer that sends an id made of digits as a number."""
    return int(user_id) if plain and user_id.isdigit() else user_id


def on_device(customer: Customer, device: Device, route: Route) -> Sender:
    """The customer in a browser, in the app or on the family tablet, logged in or not."""
    user = device.user
    fields: dict[str, Any] = {"anonymousId": device.anonymous_id}
    ids = [Identifier(ANONYMOUS_ID, device.anonymous_id)]
    context = device.context
    if user:
        fields["userId"] = number(user, plain=device.kind == "app")
        ids.append(Identifier(USER_ID, user))
        if device.sdk.startswith("rudder"):
            # RudderStack's SDKs keep the traits of the last identify in the context of every later event.
            context = {**context, "traits": {"email": device.email}}
            ids.append(Identifier(EMAIL, device.email))
    elif device.blank is not None:
        fields["userId"] = device.blank
    if device.device_id is not None and device.advertising_id is not None:
        told = {"id": device.device_id, "advertisingId": device.advertising_id, "adTrackingEnabled": True}
        ids += [Identifier(DEVICE_ID, device.device_id), Identifier(ADVERTISING_ID, device.advertising_id)]
        if device.token is not None:
            told["token"] = device.token
            ids.append(Identifier(PUSH_TOKEN, device.token))
        context = {**context, "device": {**device.context["device"], **told}}
        if place := whereabouts(device, customer.region.country):
            context["location"] = place
    if device.ga_client_id is not None:
        context = {**context, "externalIds": [external(GA, device.ga_client_id)]}
        ids.append(Identifier(GA, device.ga_client_id))
    return Sender(
        channel="app" if device.kind == "app" else "web",
        sdk=device.sdk,
        key=user or device.anonymous_id,
        fields=fields,
        context=context,
        ids=tuple(strongest_first(ids)),
        group=customer.group,
        customer=customer,
        route=route,
        skew=device.skew,
        shared=device.shared,
        numbered=device.sdk != "segment" or device.anonymous_id[0] not in "012",
        text_money=device.anonymous_id[1] in "01",
    )


def from_system(
    customer: Customer,
    channel: str,
    sdk: str,
    *,
    user: str = "",
    email: str = "",
    phone: str = "",
    externals: tuple[tuple[str, str], ...] = (),
    advertising_id: str = "",
    token: str = "",
    route: Route | None = None,
) -> Sender:
    """The customer as another system knows them: a till, a mail provider, an ad network, a call centre.

    `channel` and `sdk` are the system's. At least one identifier must be given: the account's `user`, `email` and
    `phone` (which go into the context's traits), `externals` as (type, value), `advertising_id`, push `token`.
    """
    fields: dict[str, Any] = {}
    context: dict[str, Any] = {"library": {"name": f"shop-{channel}", "version": "1.0"}, "timezone": customer.zone}
    ids: list[Identifier] = [Identifier(kind, value) for kind, value in externals]
    traits: dict[str, Any] = {}
    device: dict[str, Any] = {}
    if user:
        fields["userId"] = user
        ids.append(Identifier(USER_ID, user))
    if email:
        traits["email"] = typed_email(email)
        ids.append(Identifier(EMAIL, email))
    if phone:
        traits["phone"] = typed_phone(phone)
        ids.append(Identifier(PHONE, phone))
    if advertising_id:
        device["advertisingId"] = advertising_id
        ids.append(Identifier(ADVERTISING_ID, advertising_id))
    if token:
        device["token"] = token
        ids.append(Identifier(PUSH_TOKEN, token))
    parts = {"traits": traits, "device": device, "externalIds": [external(*e) for e in externals]}
    context.update({name: part for name, part in parts.items() if part})
    return Sender(
        channel=channel,
        sdk=sdk,
        key=None if sdk == "cloud" else ids[0].value,
        fields=fields,
        context=context,
        ids=tuple(strongest_first(ids)),
        group=customer.group,
        customer=customer,
        route=route or Route(),
        numbered=sdk not in ("segment_server", "till"),
        text_money=sdk in ("segment_server", "till", "cloud"),
    )


def from_producer(channel: str, sdk: str, group: Group, *, externals: tuple[tuple[str, str], ...] = ()) -> Sender:
    """A producer that is no customer: an ad account, a till with a customer who pays cash, a broadcaster.

    `channel` and `sdk` are the producer's; `externals` are its identifiers as (type, value).
    """
    context: dict[str, Any] = {"library": {"name": f"shop-{channel}", "version": "1.0"}}
    if externals:
        context["externalIds"] = [external(*e) for e in externals]
    ids = tuple(Identifier(kind, value) for kind, value in externals)
    return Sender(channel, sdk, None, {}, context, ids, group)


def typed_email(email: str) -> str:
    """The address `email` as people type it: now and then with capitals or a blank at the end."""
    turn = len(email) % 5
    return email.title() if turn == 0 else f"{email} " if turn == 1 else email


def typed_phone(phone: str) -> str:
    """The phone number as people write it: with blanks, dashes or a double zero for the plus."""
    turn = int(phone[-1]) % 3
    return phone if turn == 0 else f"{phone[:3]} {phone[3:6]} {phone[6:]}" if turn == 1 else f"{phone[:5]}-{phone[5:]}"
