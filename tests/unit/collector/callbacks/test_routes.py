"""The addresses that providers call: answers, counts, replays, retries, what is kept, and a full queue."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry

from collector.callbacks.amazon import FetchError
from collector.callbacks.configuration import Callback, Callbacks
from collector.callbacks.metrics import CallbackMetrics
from collector.callbacks.providers import LARGEST, PROVIDERS
from collector.callbacks.routes import routes
from collector.intake import IntakeFullError, RawEvent
from tests.support import callback_bodies as bodies
from tests.support import callbacks as made

BATCH = orjson.dumps(bodies.SENDGRID)
OPEN = orjson.dumps([bodies.SENDGRID[2]])


class Kept:
    """An intake that keeps what it is given, or is full."""

    def __init__(self) -> None:
        self.events: list[RawEvent] = []
        self.full = False

    async def take(self, events: Sequence[RawEvent]) -> None:
        """Keep the events."""
        if self.full:
            raise IntakeFullError(7)
        self.events += events


class Amazon:
    """Amazon's side: what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    async def get(self, url: str) -> bytes:
        """A certificate, or a confirmation."""
        self.asked.append(url)
        await asyncio.sleep(0)
        if self.away:
            raise FetchError("HTTP 503")
        return made.amazon()[1]


class Running:
    """A collector with callbacks of every provider."""

    def __init__(self, client: TestClient, kept: Kept, amazon: Amazon, registry: CollectorRegistry) -> None:
        self.client, self.kept, self.amazon, self.registry = client, kept, amazon, registry

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        """Status and text of an answer."""
        async with self.client.post(f"/callbacks/{path}", data=body, headers=headers) as answer:
            return answer.status, (await answer.text()).strip()

    def count(self, provider: str, outcome: str) -> float | None:
        """How many requests of a provider came to an outcome."""
        return self.registry.get_sample_value("winback_callbacks_total", {"provider": provider, "outcome": outcome})

    def events(self, provider: str, result: str) -> float | None:
        """How many events of a provider came to a result."""
        labels = {"provider": provider, "result": result}
        return self.registry.get_sample_value("winback_callback_events_total", labels)


SECRETS = {
    "sendgrid": made.sendgrid_secret(), "mailgun": made.MAILGUN_KEY, "postmark": made.LOGIN, "ses": made.TOPIC,
    "twilio": made.TWILIO_TOKEN, "standard-webhooks": made.WHSEC, "shopify": made.SHOP_KEY,
    "woocommerce": made.SHOP_KEY,
}  # fmt: skip


@asynccontextmanager
async def running(url: str = "https://events.shop.example"):
    """A collector that listens, at NOW."""
    kept, amazon, registry = Kept(), Amazon(), CollectorRegistry()
    found = {(name, ""): Callback(PROVIDERS[name], "", (secret,)) for name, secret in SECRETS.items()}
    two = (made.SHOP_KEY, "the secret before")
    found["shopify", "eu"] = Callback(PROVIDERS["shopify"], "eu", two, external_ids=True)
    app = web.Application()
    app.add_routes(routes(
        kept, Callbacks(found, url), CallbackMetrics(registry), get=amazon.get, clock=lambda: made.NOW / 1000
    ))  # fmt: skip
    async with TestClient(TestServer(app)) as client:
        yield Running(client, kept, amazon, registry)


async def test_a_signed_batch_is_taken_and_counted():
    """Every event of a batch is kept before it is answered 200; counts name the provider and nothing else."""
    async with running() as shop:
        assert shop.count("sendgrid", "unsigned") == 0  # from the start, so that an alert sees the first
        assert await shop.post("sendgrid", BATCH, made.sendgrid(BATCH)) == (200, "taken")
        assert len(shop.kept.events) == 11
        assert (shop.count("sendgrid", "taken"), shop.events("sendgrid", "published")) == (1, 11)
        assert shop.events("sendgrid", "ignored") == 1


async def test_who_does_not_sign_is_refused_and_counted():
    """401, with the reason and without anything kept; also where body or signature are no text at all."""
    async with running() as shop:
        for name in SECRETS:
            for body in (b"{}", b"\xff\xfe", b"", b"[" * 100_000):
                status, _ = await shop.post(name, body, {"X-Twilio-Signature": "x"})
                assert status == 401, (name, body[:10])
            assert shop.count(name, "unsigned") == 4
        assert shop.kept.events == []
        assert shop.amazon.asked == []
        status, _ = await shop.post("nobody", b"{}", {})
        assert status == 404


async def test_a_request_played_back_is_not_taken_again():
    """The same signed request again is answered and published no more; five minutes later it is refused."""
    async with running() as shop:
        headers = made.sendgrid(OPEN)
        assert await shop.post("sendgrid", OPEN, headers) == (200, "taken")
        assert await shop.post("sendgrid", OPEN, headers) == (200, "taken before")
        assert await shop.post("sendgrid", OPEN, made.sendgrid(OPEN, made.NOW // 1000 - 301)) == (
            401,
            "stale timestamp",
        )
        body = orjson.dumps(bodies.resend("email.opened"))
        assert await shop.post("standard-webhooks", body, made.standard(body)) == (200, "taken")
        late = made.standard(body, at=made.NOW // 1000 - 100)
        assert await shop.post("standard-webhooks", body, late) == (200, "taken before")
        token = made.mailgun(bodies.mailgun("opened"))
        assert await shop.post("mailgun", token, {}) == (200, "taken")
        # Mailgun signs no body: another one under the same token is played back, too.
        assert await shop.post("mailgun", made.mailgun(bodies.mailgun("complained")), {}) == (200, "taken before")
        assert len(shop.kept.events) == 3
        assert shop.count("sendgrid", "repeat") == 1


async def test_a_full_queue_asks_the_provider_to_come_again():
    """503 with Retry-After; nothing is kept or remembered, so the retry of the same request is taken."""
    async with running() as shop:
        shop.kept.full = True
        async with shop.client.post("/callbacks/sendgrid", data=OPEN, headers=made.sendgrid(OPEN)) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
        assert shop.events("sendgrid", "published") == 0
        shop.kept.full = False
        assert await shop.post("sendgrid", OPEN, made.sendgrid(OPEN)) == (200, "taken")


async def test_what_is_signed_and_unreadable_is_kept_once():
    """400 with the reason each time; a dead letter the first time."""
    async with running() as shop:
        for _ in range(2):
            headers = made.shop(b"{no json", "X-Shopify-Hmac-Sha256")
            assert await shop.post("shopify", b"{no json", headers) == (400, "no JSON")
        [kept] = shop.kept.events
        assert orjson.loads(kept.value) == {
            "type": "callback", "callback": "shopify", "reason": "no JSON", "body": "{no json",
        }  # fmt: skip
        assert (shop.count("shopify", "unreadable"), shop.events("shopify", "unmapped")) == (2, 1)


async def test_either_of_two_secrets_signs():
    """While a secret is changed both hold; customers of this shop have ids of its own."""
    async with running() as shop:
        for key in (made.SHOP_KEY, "the secret before"):
            body = orjson.dumps(bodies.shopify_order(id=len(key)))
            headers = {**made.shop(body, "X-Shopify-Hmac-Sha256", key), "X-Shopify-Topic": "orders/create"}
            assert (await shop.post("shopify/eu", body, headers))[0] == 200
            assert (await shop.post("shopify", body, headers))[0] == (200 if key == made.SHOP_KEY else 401)
        assert "userId" not in orjson.loads(shop.kept.events[0].value)


async def test_a_body_too_large_is_refused():
    """Eight megabytes are read at most; one, where a body has to be read before its signature is known."""
    async with running() as shop:
        assert (await shop.post("shopify", b" " * (LARGEST + 1), {}))[0] == 413
        assert (await shop.post("mailgun", b" " * (1024 * 1024 + 1), {}))[0] == 413
        assert shop.count("mailgun", "too_large") == 1


async def test_twilio_signs_the_public_address():
    """The address is that of the configuration, whatever host and port a proxy has asked for."""
    async with running("https://events.shop.example/in") as shop:
        url = f"https://events.shop.example/in/callbacks/twilio?message_id={bodies.MID}"
        form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+4915112345678"}
        path = f"twilio?message_id={bodies.MID}"
        assert (await shop.post(path, urlencode(form).encode(), made.twilio(url, form)))[0] == 200
        [event] = shop.kept.events
        assert orjson.loads(event.value)["properties"]["message_id"] == bodies.MID


async def test_a_topic_of_sns_is_confirmed_and_then_heard():
    """The certificate is fetched once, the subscription confirmed at Amazon, a message taken once."""
    async with running() as shop:
        confirm = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=t"
        asked = made.sns("Chosen", Type="SubscriptionConfirmation", Token="t", SubscribeURL=confirm)  # noqa: S106
        assert await shop.post("ses", asked, {"Content-Type": "text/plain"}) == (200, "taken")
        bounce = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": bodies.ANA}], "feedbackId": "1"}
        body = made.sns(bodies.ses("Bounce", bounce), MessageId="2")
        assert await shop.post("ses", body, {}) == (200, "taken")
        assert await shop.post("ses", body, {}) == (200, "taken before")
        assert shop.amazon.asked == [made.CERTIFICATE_URL, confirm]
        assert len(shop.kept.events) == 1


async def test_amazon_that_is_away_is_asked_again():
    """Without the certificate a message is not taken, and Amazon is left in peace for a minute."""
    async with running() as shop:
        shop.amazon.away = True
        for _ in range(3):
            status, _ = await shop.post("ses", made.sns("{}"), {})
            assert status == 503
        assert len(shop.amazon.asked) == 1


async def test_a_new_webhook_of_woocommerce_is_answered():
    """WooCommerce tries a new webhook with an unsigned request, and gives it up if that is refused."""
    async with running() as shop:
        assert await shop.post("woocommerce", b"webhook_id=1", {}) == (200, "here")
        assert (shop.kept.events, shop.count("woocommerce", "ping")) == ([], 1)
        assert (await shop.post("woocommerce", b"webhook_id=1&x=1", {}))[0] == 401


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_every_provider_has_what_it_needs_here(name):
    """The extra is installed where the tests run, and a secret of the right kind is one."""
    provider = PROVIDERS[name]
    assert provider.is_installed()
    if provider.check_secret is not None:
        provider.check_secret(SECRETS[name])
        with pytest.raises(ValueError, match="is"):
            provider.check_secret("")
