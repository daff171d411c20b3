"""What goes out and comes back: e-mails, signatures, meanings of replies, feedback events, settings."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from pathlib import Path

import orjson
import pytest

from schemas.decisions import Decision
from schemas.events import Event
from schemas.events import read as read_event
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import murmur2
from sinks.dispatch import answers, channels, mail_address, mime, results, signature
from sinks.dispatch import html_text as plain
from sinks.dispatch.answers import Kind
from sinks.dispatch.message import UnreadableError, read
from tests.support.messages import HOUR, NOW, done, message

SENDER = mime.Sender.of(
    "Ünser Laden <hello@shop.example>", "help@shop.example", "https://shop.example/u?m={message_id}"
)


def test_signature_is_that_of_standard_webhooks():
    """The example of the specification's own documentation."""
    key = signature.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = signature.headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["Idempotency-Key"] == made["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert signature.key_of("plain") == b"plain"
    with pytest.raises(ValueError, match="base64"):
        signature.key_of("whsec_?")


def test_the_example_of_the_documentation_verifies_what_is_sent():
    """The lines of Python in docs/delivery.md: true for a request of now, false for a changed or an old one."""
    page = (Path(__file__).parents[4] / "docs/delivery.md").read_text()
    example = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], example)  # noqa: S102 - our own page
    secret, now = "whsec_d2luYmFjay10ZXN0cw==", int(time.time())
    made = signature.headers(signature.key_of(secret), "m", now, b"{}")
    assert example["verified"](made, b"{}", secret)
    assert not example["verified"](made, b"{ }", secret)
    old = signature.headers(signature.key_of(secret), "m", now - 1000, b"{}")
    assert not example["verified"](old, b"{}", secret)


def test_an_email_has_both_parts_and_names_its_message():
    """Text and HTML, the message's id, unsubscribing with one click, only ASCII on the wire, the same bytes again."""
    one = message(
        subject="Noch da?\r\nBcc: x@y.z", body='<p>Für <b>dich</b>: <a href="https://s.example/1">hier</a></p>'
    )
    made = mime.compose(one, SENDER, NOW)
    assert made == mime.compose(one, SENDER, NOW)
    assert made.isascii()
    found = message_from_bytes(made, policy=policy.default)
    assert found["Message-ID"] == f"<{one.message_id}@shop.example>"
    assert (found["To"], found["Reply-To"], found["Bcc"]) == ("c1@example.com", "help@shop.example", None)
    assert found["From"].addresses[0].display_name == "Ünser Laden"
    assert found["Subject"] == "Noch da? Bcc: x@y.z"
    assert found["List-Unsubscribe"].strip() == f"<https://shop.example/u?m={one.message_id}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = found.iter_parts()
    assert text.get_content().strip() == "Für dich: hier (https://s.example/1)"
    assert html.get_content().strip() == one.body


def test_text_becomes_html_and_html_text():
    """A body without tags is escaped; one with tags is read as a browser would, silent parts left out."""
    assert not plain.is_html("a < b and c > d, 2<3")
    assert plain.to_html("a < b\nc\n") == "<p>a &lt; b<br>\nc</p>\n"
    shown = plain.to_text("<style>p {}</style><h1>Hi</h1><ul><li>a  &amp;\n b</li><li>c</li></ul><p>x<br>y</p>")
    assert shown == "Hi\n\n- a & b\n- c\n\nx\ny\n"
    one = mime.compose(message(body="Just 1 < 2"), SENDER, NOW)
    assert [part.get_content_type() for part in message_from_bytes(one).walk()][1:] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "to", ["nobody", "a b@c.example", "a@b@c.example", "a@", "a@b.example\r\nBcc: c@d.e", "<a@b.c>"]
)
def test_what_is_no_address_makes_no_email(to):
    """Also what would put a header of its own into the e-mail."""
    with pytest.raises(mail_address.InvalidError):
        mime.compose(message(to=to), SENDER, NOW)


@pytest.mark.parametrize(
    ("stage", "code", "text", "kind"),
    [
        (answers.MAIL, 451, "later", Kind.DOWN),
        (answers.MAIL, 550, "sender?", Kind.DOWN),
        (answers.MAIL, 552, "too big", Kind.REFUSED),
        (answers.RCPT, 450, "4.2.0 greylisted", Kind.DEFERRED),
        (answers.RCPT, 550, "no such user", Kind.ADDRESS),
        (answers.RCPT, 550, "5.7.1 relaying denied", Kind.REFUSED),
        (answers.RCPT, 554, "5.1.1 no such user", Kind.ADDRESS),
        (answers.RCPT, 550, "5.2.1 mailbox disabled", Kind.ADDRESS),
        (answers.RCPT, 421, "closing", Kind.DEFERRED),
        (answers.RCPT, 530, "5.7.0 authenticate first", Kind.DOWN),
        (answers.DATA, 451, "local error", Kind.DEFERRED),
        (answers.DATA, 554, "spam", Kind.REFUSED),
        (answers.DATA, 550, "spam", Kind.REFUSED),
        (answers.DATA, 250, "what?", Kind.UNCLEAR),
        (answers.DATA, -1, "what", Kind.UNCLEAR),
    ],
)
def test_what_smtp_replies_mean(stage, code, text, kind):
    """By stage, class and enhanced code; nothing that a server may have accepted is ever sent again."""
    answer = answers.smtp(stage, code, text)
    assert answer.kind is kind
    assert text not in answer.reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, Kind.ACCEPTED), (204, Kind.ACCEPTED), (301, Kind.DOWN), (400, Kind.REFUSED), (401, Kind.DOWN),
        (404, Kind.ADDRESS), (408, Kind.UNCLEAR), (409, Kind.UNCLEAR), (410, Kind.ADDRESS), (422, Kind.REFUSED),
        (429, Kind.DOWN), (500, Kind.UNCLEAR), (502, Kind.UNCLEAR), (503, Kind.DOWN),
    ],
)  # fmt: skip
def test_what_http_statuses_mean(status, kind):
    """Taken, refused, no such address, not now, or nobody knows."""
    assert answers.http(status).kind is kind


def test_retry_after_in_seconds_counts_up_to_an_hour():
    """A date, or nonsense, does not."""
    waits = [answers.http(429, given).wait for given in ("7", "999999", "soon", None)]
    assert waits == [7.0, 3600.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("channel", "outcome", "event", "identifier"),
    [
        ("email", "sent", "Email Delivered", ("email", "c1@example.com")),
        ("email", "bounced", "Email Bounced", ("email", "c1@example.com")),
        ("email", "failed", "Email Bounced", ("email", "c1@example.com")),
        ("sms", "sent", "SMS Delivered", ("phone", "+4930123456")),
        ("sms", "bounced", "SMS Failed", ("phone", "+4930123456")),
        ("push", "sent", "Push Notification Received", ("push_token", "token-1")),
        ("push", "bounced", "Push Notification Bounced", ("push_token", "token-1")),
    ],
)
def test_feedback_is_an_event_of_the_address(channel, outcome, event, identifier):
    """What ingest makes of it: the name, the address as its only identifier, message_id, an id that repeats."""
    one, end = message(channel=channel), done(outcome, reason="smtp_550")
    [out] = results.records(one, end, 4)
    assert [out] == results.records(one, end, 4)
    assert (out.topic, out.partition) == (f"channels.{channel}", murmur2(out.key) % 4)
    read_as = read_event(Record(out.topic, out.partition, 0, NOW, out.key, out.value))
    assert isinstance(read_as, Event)
    assert read_as.name == event
    assert [(i.type, i.value) for i in read_as.identifiers] == [identifier]
    assert read_as.message_id == f"winback-{outcome}-{one.message_id}"
    value = orjson.loads(out.value)["properties"]
    assert (value["message_id"], value["campaign_id"]) == (one.message_id, "abandoned-cart")
    assert value.get("bounce_type") == {"bounced": "hard", "failed": "soft"}.get(outcome if channel == "email" else "")


@pytest.mark.parametrize(
    ("channel", "outcome", "reason"),
    [
        ("ads", "sent", None), ("broadcast", "bounced", "http_404"), ("email", "unknown", "timeout"),
        ("sms", "failed", "http_422"), ("email", "expired", None), ("email", "cancelled", "exited"),
    ],
)  # fmt: skip
def test_what_says_nothing_about_an_address_is_no_feedback(channel, outcome, reason):
    """Ads and broadcast, what is not known, and what was never sent."""
    assert results.records(message(channel=channel), done(outcome, reason=reason), 4) == []


def test_a_channel_that_was_down_is_a_decision():
    """One row of the decisions' own form, with an id that repeats; an order found at the last look is one too."""
    one = message(profile=5)
    [row] = results.records(one, done("channel_down"), 4)
    assert (row.topic, row.partition, row.key) == ("retargeting.decisions", 0, one.profile_id.encode())
    found = Decision.model_validate_json(row.value)
    assert (found.outcome, found.reason, found.message_id) == ("cancelled", "channel_down", one.message_id)
    assert (found.campaign_id, found.step, found.variant) == ("abandoned-cart", "reminder", "plain")
    assert [row] == results.records(one, done("channel_down"), 4)
    bought = done("cancelled", reason="converted")
    [other] = results.records(one, bought, 4)
    assert Decision.model_validate_json(other.value).reason == "converted"
    assert Decision.model_validate_json(other.value).decision_id != found.decision_id
    assert results.records(one, bought, 4, cancelled=True) == []


@pytest.mark.parametrize(
    "value",
    [b"{", b"[]", b"{}", message().raw.replace(b'"channel"', b'"chanel"'), message().raw.replace(b"2026", b"x")],
)
def test_what_is_no_message_is_unreadable(value):
    """And is said to be so without a word of what is in it."""
    with pytest.raises(UnreadableError):
        read(value)


def test_a_message_without_an_end_lasts_a_day():
    """expires_at may be null."""
    assert message(expires_at=None).expires_at == NOW + 24 * HOUR


GIVEN = {"dispatch_smtp": "mail.example:587", "dispatch_from": "Shop <a@shop.example>", "dispatch_webhook_secret": "s"}


@pytest.mark.parametrize(
    ("changed", "chosen", "told"),
    [
        ({}, ("fax",), "--channel fax"),
        ({}, ("sms",), "WINBACK_DISPATCH_SMS_URL"),
        ({"dispatch_smtp": ""}, (), "no channel is set up"),
        ({"dispatch_smtp": "mail.example"}, (), "WINBACK_DISPATCH_SMTP=mail.example"),
        ({"dispatch_from": "Shop"}, (), "WINBACK_DISPATCH_FROM"),
        ({"dispatch_smtp_tls": "none", "dispatch_smtp_password": "p"}, (), "no password is sent without TLS"),
        ({"dispatch_sms_url": "ftp://x"}, (), "WINBACK_DISPATCH_SMS_URL"),
        ({"dispatch_sms_url": "http://x", "dispatch_webhook_secret": None}, (), "WINBACK_DISPATCH_WEBHOOK_SECRET"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(changed, chosen, told):
    """Before anything is read or sent, with the variable to set, and never with a secret."""
    with pytest.raises(ValueError, match=told):
        channels.of(Settings(**{**GIVEN, **changed}), chosen)


async def test_channels_with_an_address_are_on():
    """Those and no others; only webhooks may repeat a message."""
    urls = {f"dispatch_{name}_url": "https://x.example/h?token=t" for name in ("sms", "push", "ads", "broadcast")}
    made = channels.of(Settings(**GIVEN, **urls))
    assert {name: channel.sender.repeatable for name, channel in made.items()} == {
        "email": False, "sms": True, "push": True, "ads": True, "broadcast": True,
    }  # fmt: skip
    assert list(channels.of(Settings(**GIVEN, **urls), ("push",))) == ["push"]
    assert "token=t" not in repr(Settings(**GIVEN, **urls))
