"""Customers of Shopify: who they are, and what they have agreed to.

`subscribed` is a yes, `unsubscribed`, `redacted` and `invalid` are a no, as of `consent_updated_at`; `not_subscribed`
and `pending` mean that nobody has said anything yet, so the default of the campaigns file holds.
"""

from __future__ import annotations

from typing import Any, Final

from collector.callbacks.body import text
from collector.callbacks.events import (
    IGNORED,
    NOTHING,
    Person,
    Reading,
    clipped,
    id_of,
    identify,
    moment,
    together,
    track,
    unmapped,
    version,
)
from collector.callbacks.shopify_lines import NAME
from schemas import names

_SAID: Final = {"subscribed": True, "unsubscribed": False, "redacted": False, "invalid": False}
_CONSENTS: Final = (("email", "email_marketing_consent"), ("sms", "sms_marketing_consent"))


def customer(found: dict[str, Any], now: int) -> Reading:
    """A customer is new or was changed (customers/create, customers/update); `found` is the body, `now` epoch ms."""
    user_id = text(found.get("id"))
    if not user_id or not ("email" in found or "phone" in found):
        return unmapped("web", NAME, "no customer", found)
    at = moment(found.get("updated_at"), moment(found.get("created_at"), now))
    person = Person(user_id=user_id, email=text(found.get("email")), phone=text(found.get("phone")))
    traits = {"firstName": clipped(found.get("first_name")), "lastName": clipped(found.get("last_name"))}
    event_id = id_of(NAME, "customer", user_id, version(found))
    each = [Reading((identify("web", event_id, at, person, traits),))]
    for channel, field in _CONSENTS:
        address = person._replace(phone="") if channel == "email" else person._replace(email="")
        each.append(_consent(channel, found.get(field), address, at, required=False))
    return together(each)


def email_consent(found: dict[str, Any], now: int) -> Reading:
    """A customer has said something of e-mail (customers_email_marketing_consent/update).

    `found` is the body, `now` epoch milliseconds.
    """
    person = Person(user_id=text(found.get("customer_id")), email=text(found.get("email_address")))
    return _told("email", found, person, now)


def sms_consent(found: dict[str, Any], now: int) -> Reading:
    """The same of text messages (customers_sms_marketing_consent/update); `found` is the body, `now` epoch ms."""
    person = Person(user_id=text(found.get("customer_id")), phone=text(found.get("phone")))
    return _told("sms", found, person, now)


def _told(channel: str, found: dict[str, Any], person: Person, now: int) -> Reading:
    if not person.is_known():
        return unmapped(channel, NAME, "no customer", found)
    reading = _consent(channel, found.get(f"{channel}_marketing_consent"), person, now, required=True)
    return reading if reading is not NOTHING else unmapped(channel, NAME, "no consent", found)


def _consent(channel: str, consent: Any, person: Person, now: int, *, required: bool) -> Reading:
    """What a consent says; nothing where there is none, or nobody has said anything."""
    if not isinstance(consent, dict):
        return NOTHING
    state = text(consent.get("state")).lower()
    if state not in _SAID:
        return IGNORED if required and state else NOTHING
    at = moment(consent.get("consent_updated_at"), now)
    said = {"channel": channel, "subscribed": _SAID[state], "state": state, "provider": NAME}
    # Told again with every change of the customer, under the same id and as of the same time.
    event_id = id_of(NAME, "consent", channel, person.user_id or "customer", state, str(at))
    return Reading((track(channel, names.SUBSCRIPTION_CHANGED, event_id, at, person, said),))
