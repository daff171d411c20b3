"""Any body of any provider: read, ignored, kept or refused with a reason; never another error, and always the same."""

from __future__ import annotations

import string
from contextlib import suppress

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.callbacks.events import Reading
from collector.callbacks.providers import PROVIDERS
from collector.callbacks.request import UnreadableError, UnsignedError
from schemas.dead_letters import DeadLetterReason
from schemas.events import DeadLetter, Event, Reader
from schemas.record import Record
from tests.support import callback_bodies as bodies
from tests.support import callbacks as made

SHOPIFY = ("orders/create", "orders/updated", "orders/paid", "orders/cancelled", "refunds/create", "checkouts/create",
           "carts/update", "customers/update", "customers_email_marketing_consent/update",
           "customers_sms_marketing_consent/update", "app/uninstalled", "")  # fmt: skip
WOO = ("order.created", "order.updated", "customer.created", "order.deleted", "")
ABOUT = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": bodies.ANA}]}
GOOD = [
    ("sendgrid", bodies.SENDGRID), ("mailgun", {"event-data": bodies.mailgun("failed")}),
    ("postmark", bodies.postmark("Bounce", ID=1, Type="HardBounce", Email=bodies.ANA)),
    ("ses", bodies.ses("Bounce", ABOUT)), ("ses", bodies.ses("Subscription", {"newTopicPreferences": {}})),
    ("standard-webhooks", bodies.resend("email.bounced")), ("twilio", {"event_type": "click", "sms_sid": "1"}),
    ("twilio", [{"type": "com.twilio.messaging.message.failed", "data": {"messageSid": "1"}}]),
    ("shopify", bodies.shopify_order()), ("shopify", bodies.shopify_refund()), ("shopify", bodies.shopify_checkout()),
    ("shopify", bodies.shopify_cart()), ("woocommerce", bodies.woo_order("processing")),
    ("shopify", {**bodies.CUSTOMER, "email_marketing_consent": {"state": "subscribed"}}),
    ("woocommerce", bodies.woo_order("refunded", refunds=[{"id": 1, "total": "-1"}])),
]  # fmt: skip
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**30, -1, 0, 1e400, float("nan")]))
TEXTS = st.one_of(st.text(max_size=8), st.sampled_from(["", "0", "-", "NaN", "1e999", "\ud800", "1.5", "2026-01-01"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(string.ascii_lowercase, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def changed(draw) -> tuple[str, object]:
    """A good body with some of its values replaced by anything."""
    provider, body = draw(st.sampled_from(GOOD))
    return provider, _replaced(draw, body)


def _replaced(draw, value: object) -> object:
    if draw(st.integers(0, 24)) == 0:
        return draw(VALUES)
    if isinstance(value, dict):
        return {key: _replaced(draw, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(draw, inner) for inner in value[:4]]
    return value


def written(value: object) -> bytes:
    """JSON as careless senders write it: NaN and lone surrogates included."""
    import json  # noqa: PLC0415

    return json.dumps(value).encode()


def read(provider: str, body: bytes, topic: str) -> Reading | None:
    """A reading, None for a body that is refused; every event is one of the reader's, every kept one a dead letter."""
    headers = {"X-Shopify-Topic": topic, "X-WC-Webhook-Topic": topic, "webhook-id": "1"}
    request = made.request(body, headers)
    one = PROVIDERS[provider]
    secret = {"sendgrid": made.sendgrid_secret(), "standard-webhooks": made.WHSEC}.get(provider, "x:y")
    with suppress(UnsignedError):
        one.verify(request, secret)
    try:
        one.known_by(request)
        found = one.read(request)
    except UnreadableError:
        return None
    for event in found.events:
        taken = Reader().read(Record(f"channels.{event.channel}", 0, 0, made.NOW, None, event.value))
        # Whom a provider names may still be nobody: `noreply@...`.
        assert isinstance(taken, Event) or taken.reason == DeadLetterReason.NO_IDENTIFIER, taken
    for event in found.unmapped:
        taken = Reader().read(Record(f"channels.{event.channel}", 0, 0, made.NOW, None, event.value))
        assert isinstance(taken, DeadLetter)
        assert taken.reason == DeadLetterReason.UNKNOWN_TYPE
    return found


@settings(max_examples=150, deadline=None)
@given(changed(), st.sampled_from(SHOPIFY + WOO))
def test_any_value_in_a_good_body(sample, topic):
    """What stands where it should not be breaks nothing, and is read the same when it comes again."""
    provider, body = sample
    raw = made.sns(orjson.dumps(1).decode()) if provider == "ses" else written(body)
    if provider == "ses":
        envelope = orjson.loads(raw)
        raw = written({**envelope, "Message": written(body).decode()})
    assert read(provider, raw, topic) == read(provider, raw, topic)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(PROVIDERS)), st.one_of(st.binary(max_size=40), VALUES.map(written)), st.sampled_from(SHOPIFY)
)
def test_any_body_at_all(provider, body, topic):
    """Bytes, and JSON of any shape."""
    read(provider, body, topic)


def test_deep_and_long_bodies():
    """A depth bomb and a number of a million digits are refused with a reason."""
    for name in PROVIDERS:
        for body in (b"[" * 200_000, b'{"a":' * 200_000, b'{"timestamp": ' + b"9" * 1_000_000 + b"}", b'[{"a":1}' * 3):
            read(name, body, "orders/create")
