"""The shop's own API: offers for who has a key, and one-click unsubscribing with its page."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import orjson
import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from collector.api.routes import ApiMetrics, UnavailableError, routes
from schemas.settings import Settings
from schemas.times import iso
from schemas.unsubscribe_links import UnsubscribeLinks
from streams.campaigns import load
from streams.testing import Topology
from tests.support import callbacks as made
from tests.support.callback_bodies import ANA, MID
from tests.unit.collector.callbacks.test_routes import Kept

LINKS = UnsubscribeLinks("winback-development", "/v1/unsubscribe")
ROW = {
    "day": None, "code": "CART-7K2M9Q4T", "campaign_id": "cart", "profile_id": "0" * 32, "discount": "10%",
    "first_sent_at": datetime(2026, 11, 1), "last_sent_at": datetime(2026, 11, 1), "times_sent": 1,  # noqa: DTZ001
    "expires_at": datetime(2026, 12, 1), "redeemed": 0, "redeemed_at": None, "order_id": "", "redeemed_by": "",  # noqa: DTZ001
    "orders": 0, "revenue": 0, "currency": "",
}  # fmt: skip
LATE = {**ROW, "code": "LATE-7K2M9Q4T", "expires_at": datetime(2026, 11, 2, tzinfo=UTC)}
USED = {**ROW, "code": "USED-7K2M9Q4T", "redeemed": 1, "redeemed_at": datetime(2026, 11, 3), "order_id": "1"}  # noqa: DTZ001
ROWS = {row["code"]: row for row in (ROW, LATE, USED)}
KEY = {"Authorization": "Bearer second"}
CLICK = {"List-Unsubscribe": "One-Click"}


async def lookup(code: str):
    """The rows that there are."""
    if code == "DOWN":
        raise UnavailableError
    return ROWS.get(code)


@asynccontextmanager
async def running(**more):
    """An API that listens, at NOW; what is taken, and a look at its counts."""
    kept, registry = Kept(), CollectorRegistry()
    app = web.Application()
    given = {"links": LINKS, "lookup": lookup, "keys": ("first", "second"), **more}
    app.add_routes(routes(kept, ApiMetrics(registry), clock=lambda: made.NOW / 1000, **given))
    async with TestClient(TestServer(app)) as client:

        def count(endpoint: str, outcome: str) -> float | None:
            labels = {"endpoint": endpoint, "outcome": outcome}
            return registry.get_sample_value("winback_api_requests_total", labels)

        yield client, kept, count


@pytest.mark.parametrize(("code", "status", "state", "reason"), [
    ("CART-7K2M9Q4T", 200, "valid", ""), (" cart-7k2m9q4t", 200, "valid", ""),
    ("LATE-7K2M9Q4T", 200, "expired", "its time is over"),
    ("USED-7K2M9Q4T", 200, "redeemed", "an order or a cart has used it"),
    ("NONE-7K2M9Q4T", 404, "unknown", "no message has carried it"),
    ("x" * 200, 404, "unknown", "no message has carried it"),
])  # fmt: skip
async def test_a_code_is_good_or_says_why_not(code, status, state, reason):
    """For a till: good or not, why, until when; and nothing of whose it is."""
    async with running() as (client, _, count), client.get(f"/v1/offers/{code}", headers=KEY) as answer:
        said = await answer.json()
        assert (answer.status, said["good"], said["state"], said["reason"]) == (status, state == "valid", state, reason)
        assert "0" * 32 not in str(said)
        if state == "valid":
            assert said["expires_at"] == "2026-12-01T00:00:00.000Z"
            assert said["discount"] == "10%"
        assert count("offers", "ok" if status == 200 else "unknown") == 1


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer third", "Basic second", "Bearer first second", "Bearer é"])
async def test_codes_are_for_who_has_a_key(header):
    """Without one of the keys 401, whatever the code."""
    async with running() as (client, _, count):
        async with client.get("/v1/offers/CART-7K2M9Q4T", headers={"Authorization": header}) as answer:
            assert answer.status == 401
        assert count("offers", "unauthorized") == 1


async def test_no_keys_no_offers():
    """Without keys nobody is answered, and a ClickHouse that is away says so."""
    async with running(keys=()) as (client, _, _), client.get("/v1/offers/X", headers=KEY) as answer:
        assert answer.status == 404
    async with running() as (client, _, _), client.get("/v1/offers/DOWN", headers=KEY) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")


@pytest.mark.parametrize("multipart", [False, True])
async def test_a_post_unsubscribes(multipart):
    """RFC 8058: the form of a mailbox, in either encoding, is the customer's no to the channel of the link."""
    form = FormData(CLICK, default_to_multipart=multipart)
    async with running() as (client, kept, count):
        async with client.post(LINKS.of(MID, "sms"), data=form) as answer:
            assert answer.status == 200
            assert "unsubscribed" in await answer.text()
        [event] = kept.events
        assert event.channel == "sms"
        said = orjson.loads(event.value)
        assert (said["event"], said["timestamp"]) == ("Unsubscribed", iso(made.NOW))
        assert said["properties"] == {"message_id": MID, "channel": "sms"}
        assert count("unsubscribe", "ok") == 1


async def test_a_get_does_nothing():
    """Scanners of mail follow every link: they find a page with a button, in the reader's language, and no more."""
    async with running() as (client, kept, count):
        url = LINKS.of(MID, "email")
        async with client.get(url, headers={"Accept-Language": "xx,de-DE;q=0.9,en;q=0.8"}) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert '<html lang="de">' in page
        assert '<form method="post">' in page
        assert '<button type="submit">Abmelden</button>' in page
        async with client.head(url) as answer:
            assert answer.status == 200
        assert kept.events == []
        assert count("unsubscribe", "shown") == 2


@pytest.mark.parametrize(("query", "form", "status"), [
    ("?u=" + MID, CLICK, 404), ("", CLICK, 404), ("?u=<script>", CLICK, 404), (None, {}, 400),
    (None, {"x": "One-Click"}, 400),
    (None, {"List-Unsubscribe": "no"}, 400),
])  # fmt: skip
async def test_other_posts_do_nothing(query, form, status):
    """A link that was not made here, and a post that does not ask for it."""
    async with running() as (client, kept, count):
        url = LINKS.of(MID, "email") if query is None else "/v1/unsubscribe" + query
        async with client.post(url, data=form) as answer:
            assert answer.status == status
            assert "<script>" not in await answer.text()
        assert kept.events == []
        assert count("unsubscribe", "invalid") == 1


async def test_a_full_queue_is_told():
    """503: the mailbox comes again, and nobody is told that it has been done."""
    async with running() as (client, kept, _):
        kept.full = True
        async with client.post(LINKS.of(MID, "email"), data=CLICK) as answer:
            assert answer.status == 503


async def test_the_link_of_a_message_stops_mail_to_its_customer():
    """A template's `unsubscribe_url`, posted to, ends what goes to the address; the message says whose word it is."""
    base = "https://events.shop.example/v1/unsubscribe"
    start = made.NOW - 18 * 3_600_000
    topology = Topology(Settings(clock="event", unsubscribe_url=base), load(None))
    ana = {"userId": "ana", "context": {"traits": {"email": ANA}}, "type": "track", "event": "Product Added"}

    def cart(at: int) -> None:
        lamp = {"properties": {"product_id": str(at), "price": 90}, "timestamp": iso(at), "messageId": str(at)}
        topology.play("channels.web", [ana | lamp])
        topology.reach(at + 3_600_000)

    cart(start)
    [message] = topology.read("retargeting.messages")
    url = UnsubscribeLinks("winback-development", base).of(message["message_id"], "email")
    async with running() as (client, kept, _), client.post(url.removeprefix("https://events.shop.example"), data=CLICK):
        [event] = kept.events
    topology.play(f"channels.{event.channel}", [orjson.loads(event.value)])
    topology.reach(made.NOW + 1)
    cart(start + 2 * 86_400_000)
    assert topology.read("retargeting.decisions")[-1]["reason"] == "no_consent"
    assert [row["reason"] for row in topology.read("contact.suppressions")] == ["unsubscribed"]
