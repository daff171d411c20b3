"""What callbacks do: mapped, and run through the real core (`streams.testing`)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from collector.callbacks.providers import PROVIDERS
from schemas.settings import Settings
from schemas.times import iso, parse
from streams.campaigns import load
from streams.testing import Topology
from tests.support import callback_bodies as bodies
from tests.support import callbacks as made
from tests.support.callback_bodies import ANA

MINUTE = 60_000
START = made.NOW - 18 * 3_600_000
"""2026-11-29T09:33:20Z: two days later it is still day, so nothing waits for the morning."""


class Shop:
    """The pipeline with a customer Ana, who has left a cart and was sent a reminder."""

    def __init__(self, *, reminded: bool = True) -> None:
        self.topology = Topology(Settings(clock="event"), load(None))
        self.at = START
        self.cart("1", self.at)
        if reminded:
            self.reach(40 * MINUTE)

    def cart(self, sku: str, at: int) -> None:
        """Ana puts something into the cart."""
        self.topology.play("channels.web", [{
            "type": "track", "event": "Product Added", "userId": "115310627314723954", "messageId": f"cart-{sku}",
            "timestamp": iso(at), "context": {"traits": {"email": ANA}},
            "properties": {"product_id": "632910392", "variant": "808950810", "sku": sku, "price": 199, "quantity": 1},
        }])  # fmt: skip

    def reach(self, later: int) -> None:
        """Time goes on."""
        self.at += later
        self.topology.reach(self.at)

    def told(self, provider: str, body: Any, headers: dict[str, str] | None = None, url: str = made.URL) -> None:
        """A provider calls."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        reading = PROVIDERS[provider].read(made.request(raw, headers, url, now=self.at))
        assert reading.events
        assert not reading.unmapped
        for event in reading.events:
            told = orjson.loads(event.value)
            self.at = max(self.at, parse(told["timestamp"]) or 0)
            self.topology.play(f"channels.{event.channel}", [told])
        self.reach(MINUTE)

    def sent(self) -> list[dict[str, Any]]:
        """The messages so far."""
        return self.topology.read("retargeting.messages")

    def second_cart(self) -> dict[str, Any]:
        """What is decided first of another cart, two days later."""
        self.reach(2 * 86_400_000)
        before = len(self.topology.read("retargeting.decisions"))
        self.cart("2", self.at + MINUTE)
        self.reach(40 * MINUTE)
        return self.topology.read("retargeting.decisions")[before]


def callbacks_of(kind: str, message_id: str, at: int) -> list[tuple[str, Any, dict[str, str]]]:
    """The same thing told by each provider of mail: `bounce` or `complaint`, of a message, at a time (epoch ms)."""
    hard = kind == "bounce"
    when, own = iso(at), f"<{message_id}@shop.example>"
    recipient = [{"emailAddress": ANA, "status": "5.1.1"}]
    return [
        ("sendgrid", [{"event": kind if hard else "spamreport", "type": "bounce", "smtp-id": own, "email": ANA,
                       "timestamp": at // 1000, "sg_event_id": "1"}], {}),
        ("mailgun", {"event-data": bodies.mailgun(
            "failed" if hard else "complained", severity="permanent", timestamp=str(at / 1000),
            message={"headers": {"message-id": own.strip("<>")}})}, {}),
        ("postmark", bodies.postmark(
            "Bounce" if hard else "SpamComplaint", Type="HardBounce" if hard else "SpamComplaint", ID=1, Email=ANA,
            BouncedAt=when, Metadata={"message_id": message_id}), {}),
        ("ses", made.sns(bodies.ses(
            kind.capitalize(), {"timestamp": when, "bounceType": "Permanent", "bouncedRecipients": recipient,
                                "complainedRecipients": recipient, "feedbackId": "1"},
            headers=[{"name": "Message-ID", "value": own}])), {}),
        ("standard-webhooks", {"type": f"email.{'bounced' if hard else 'complained'}", "created_at": when,
                               "data": {"to": [ANA], "bounce": {"type": "Permanent"},
                                        "tags": {"message_id": message_id}}},
         {"webhook-id": "1"}),
    ]  # fmt: skip


@pytest.mark.parametrize("nth", range(5))
@pytest.mark.parametrize(("kind", "reason"), [("bounce", "bounced"), ("complaint", "complained")])
def test_a_hard_bounce_and_a_complaint_end_mail_to_the_address(nth, kind, reason):
    """Whoever tells it: the address is suppressed with the reason, and the next cart gets no mail."""
    shop = Shop()
    [message] = [m for m in shop.sent() if m["channel"] == "email"]
    shop.told(*callbacks_of(kind, message["message_id"], shop.at + 1_000)[nth])
    said = shop.topology.read("contact.suppressions")
    assert {(row["channel"], row["suppressed"], row["reason"]) for row in said} >= {("email", True, reason)}
    assert shop.second_cart()["reason"] == "no_consent"
    stitched = shop.topology.read("stitched.events")
    assert len({row["profile_id"] for row in stitched}) == 1  # the message says whose it is


def test_without_a_callback_the_next_cart_is_reminded():
    """The story of the other tests, without its callback, ends with a message."""
    assert Shop().second_cart()["outcome"] == "sent"


def test_soft_bounces_and_other_peoples_ids_change_nothing():
    """A deferral stops nothing, and feedback on a message of another sender is its address's alone."""
    shop = Shop()
    [message] = shop.sent()
    at = shop.at // 1000
    shop.told("sendgrid", [
        {"event": "deferred", "smtp-id": f"<{message['message_id']}@shop.example>", "email": ANA, "timestamp": at,
         "sg_event_id": "1"},
        {"event": "delivered", "smtp-id": "<other@sendgrid.net>", "email": ANA, "timestamp": at, "sg_event_id": "2"},
    ])  # fmt: skip
    assert shop.second_cart()["outcome"] == "sent"


def test_a_click_told_by_a_provider_engages_the_message():
    """What was clicked is counted for the message's campaign, once, however often it is told."""
    shop = Shop()
    [message] = shop.sent()
    for _ in range(2):
        shop.told("mailgun", {"event-data": bodies.mailgun(
            "clicked", timestamp=str(START / 1000 + 2700), **{"client-info": {"user-agent": "Mozilla/5.0 (X)"}},
            message={"headers": {"message-id": f"{message['message_id']}@shop.example"}},
        )})  # fmt: skip
    cells = {orjson.dumps(row["cell"]): row for row in shop.topology.read("aggregates")}
    clicks = [row["values"]["clicks"] for row in cells.values() if "clicks" in row["values"]
              and row["cell"]["name"] == "campaign_day"]  # fmt: skip
    assert clicks == [1]


def order(shop: Shop, minutes: int, **more: Any) -> dict[str, Any]:
    """Ana's order of the thing in the cart, so many minutes after the beginning."""
    at = iso(START + minutes * MINUTE)
    return bodies.shopify_order(**{"created_at": at, "updated_at": at, "processed_at": at, "phone": None, **more})


def test_an_order_of_shopify_takes_the_reminder_back():
    """Placed before the reminder was due, it ends the cart: no message; its value is the text that came."""
    shop = Shop(reminded=False)
    shop.told("shopify", order(shop, 20), {"X-Shopify-Topic": "orders/create"})
    shop.reach(3_600_000)
    assert shop.sent() == []
    assert [row["to"] for row in shop.topology.read("cart.transitions")][-1] == "converted"
    [sale] = shop.topology.read("conversions")
    assert (sale["order_id"], sale["value"], sale["currency"], sale["kind"]) == (
        "820982911946154508",
        403,
        "EUR",
        "order",
    )


def revenue(shop: Shop) -> float:
    """What all rows of conversions come to."""
    return sum(row["value"] for row in shop.topology.read("conversions"))


def test_a_refund_of_shopify_lowers_revenue_once():
    """What was paid back is taken off, also where it is told twice, and where the order is told again meanwhile."""
    shop = Shop()
    shop.told("shopify", order(shop, 50), {"X-Shopify-Topic": "orders/create"})
    shop.told("shopify", order(shop, 51), {"X-Shopify-Topic": "orders/updated"})
    assert revenue(shop) == 403
    for _ in range(2):
        refund = bodies.shopify_refund(processed_at=iso(START + 60 * MINUTE))
        shop.told("shopify", refund, {"X-Shopify-Topic": "refunds/create"})
    shop.told("shopify", order(shop, 61, current_total_price="208.70"), {"X-Shopify-Topic": "orders/updated"})
    assert revenue(shop) == pytest.approx(403 - 194.3)
    nothing = bodies.shopify_refund(id=7, transactions=[], processed_at=iso(START + 62 * MINUTE))
    shop.told("shopify", nothing, {"X-Shopify-Topic": "refunds/create"})
    assert revenue(shop) == pytest.approx(403 - 194.3)
    assert {row["profile_id"] for row in shop.topology.read("conversions")} == {shop.sent()[0]["profile_id"]}


def test_a_cancelled_order_of_shopify_has_no_revenue():
    """A cancellation takes the order and its money back."""
    shop = Shop()
    shop.told("shopify", order(shop, 50), {"X-Shopify-Topic": "orders/create"})
    gone = order(shop, 200, cancelled_at=iso(START + 200 * MINUTE))
    shop.told("shopify", gone, {"X-Shopify-Topic": "orders/cancelled"})
    assert (revenue(shop), sum(row["orders"] for row in shop.topology.read("conversions"))) == (0, 0)


def test_a_cart_of_shopify_is_of_who_comes_to_its_checkout():
    """A cart without a customer, then a checkout with an address, left: a reminder goes there; the order ends it."""
    shop = Shop(reminded=False)
    bo = {"email": "bo@example.com", "customer": None, "phone": None}
    shop.told("shopify", bodies.shopify_cart(updated_at=iso(START + MINUTE)), {"X-Shopify-Topic": "carts/create"})
    checkout = bodies.shopify_checkout(updated_at=iso(START + 5 * MINUTE), **bo)
    shop.told("shopify", checkout, {"X-Shopify-Topic": "checkouts/create"})
    shop.reach(50 * MINUTE)
    [message] = [m for m in shop.sent() if m["to"] == "bo@example.com"]
    placed = order(shop, 60, contact_email="bo@example.com", **bo)
    shop.told("shopify", placed, {"X-Shopify-Topic": "orders/create"})
    [sale] = shop.topology.read("conversions")
    assert sale["recovered"]["message_id"] == message["message_id"]


def test_consent_of_shopify_stops_and_allows():
    """Who is unsubscribed gets no mail; who subscribes later does; an older word told again undoes nothing."""
    shop = Shop()

    def said(state: str, minutes: int) -> None:
        consent = {"state": state, "consent_updated_at": iso(START + minutes * MINUTE)}
        customer = {**bodies.CUSTOMER, "updated_at": iso(shop.at), "email_marketing_consent": consent}
        shop.told("shopify", customer, {"X-Shopify-Topic": "customers/update"})

    said("subscribed", 42)
    said("unsubscribed", 43)
    said("subscribed", 42)
    assert shop.second_cart()["reason"] == "no_consent"
    said("subscribed", (shop.at - START) // MINUTE)
    shop.reach(2 * 86_400_000)
    shop.cart("3", shop.at + MINUTE)
    shop.reach(40 * MINUTE)
    assert shop.topology.read("retargeting.decisions")[-1]["outcome"] == "sent"


def test_an_order_of_woocommerce_by_its_status():
    """Pending, it is a checkout; paid, the order, once; then refunded, it is worth nothing."""
    shop = Shop()

    def woo(status: str, minutes: int, **more: Any) -> None:
        at = iso(START + minutes * MINUTE)[:19]
        body = bodies.woo_order(
            status, customer_id=115310627314723954, date_modified_gmt=at,
            date_created_gmt=iso(START + 45 * MINUTE)[:19],
            date_paid_gmt=None if status == "pending" else iso(START + 50 * MINUTE)[:19], **more,
        )  # fmt: skip
        shop.told("woocommerce", body, {"X-WC-Webhook-Topic": "order.updated"})

    woo("pending", 45)
    assert shop.topology.read("conversions") == []
    woo("processing", 50)
    woo("completed", 70)
    assert (revenue(shop), sum(row["orders"] for row in shop.topology.read("conversions"))) == (29.35, 1)
    woo("refunded", 90, refunds=[{"id": 1, "total": "-29.35"}])
    assert revenue(shop) == 0


def test_stop_by_text_is_a_no_to_texts():
    """A customer who answers STOP is suppressed on sms."""
    shop = Shop()
    shop.told("twilio", b"MessageSid=SM1&SmsStatus=received&Body=STOP&From=%2B4915112345678&To=%2B15017122661")
    rows = shop.topology.read("contact.suppressions")
    assert [(row["channel"], row["suppressed"], row["reason"]) for row in rows] == [("sms", True, "unsubscribed")]
