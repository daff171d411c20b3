"""The HTTP face: what is answered when, and what pages of other sites are told."""

from __future__ import annotations

import asyncio
import gzip

import orjson
import pytest
from aiohttp import ClientSession, web

from collector.app import Collector
from collector.intake import IntakeFullError
from collector.keys import Keys, Source
from collector.rights import Rights
from tests.support.collecting import KEY

SITE = "https://shop.example"
LIMIT = 10_000


class Kept:
    """An intake that can be held up, or full."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.open = asyncio.Event()
        self.full = False
        self.open.set()

    async def take(self, events) -> None:
        """Keep events once it is open."""
        await self.open.wait()
        if self.full:
            raise IntakeFullError(9)
        self.events += [event.value for event in events]


@pytest.fixture
async def kept():
    """What the intake of `client` has."""
    return Kept()


@pytest.fixture
async def client(kept):
    """A session with a collector that has one key, for pages of SITE."""
    keys = Keys({KEY: Source("shop", "web", origins=frozenset({SITE}))})

    async def other(request: web.Request) -> web.Response:
        return web.Response(text="other")

    app = Collector(keys, Rights(), kept, LIMIT).app([web.get("/callbacks/x", other)])
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    async with ClientSession(f"http://{host}:{port}", headers={"X-Write-Key": KEY}) as session:
        yield session
    await runner.cleanup()


BATCH = {"batch": [{"type": "track", "event": "A", "messageId": "m"}]}


async def test_200_comes_after_the_events_are_kept(client, kept):
    """As long as the intake has not got them there is no answer."""
    kept.open.clear()
    asked = asyncio.create_task(client.post("/v1/batch", json=BATCH))
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    kept.open.set()
    assert (await asked).status == 200
    assert [orjson.loads(value)["messageId"] for value in kept.events] == ["m"]


async def test_a_full_queue_is_503_with_when_to_try_again(client, kept):
    """And nothing is kept."""
    kept.full = True
    answer = await client.post("/v1/batch", json=BATCH)
    assert (answer.status, answer.headers["Retry-After"], kept.events) == (503, "9", [])


@pytest.mark.parametrize(
    "declared", ["application/json", "text/plain", "application/x-www-form-urlencoded", "image/png"]
)
@pytest.mark.parametrize("encoding", [None, "gzip", "br"])
async def test_what_headers_declare_decides_nothing(client, kept, declared, encoding):
    """Gzip or not, with the header or without, under any type."""
    for body in (orjson.dumps(BATCH), gzip.compress(orjson.dumps(BATCH))):
        headers = {"Content-Type": declared} | ({"Content-Encoding": encoding} if encoding else {})
        assert (await client.post("/v1/batch", data=body, headers=headers)).status == 200
    assert len(kept.events) == 2


async def test_bodies_are_bounded(client, kept):
    """413 for a long one, by its length or chunk by chunk, and for one that would be long unpacked."""

    async def chunks():
        for _ in range(30):
            yield bytes(1000)

    for body in (bytes(LIMIT + 1), chunks(), gzip.compress(bytes(10**7))):
        assert (await client.post("/v1/batch", data=body)).status == 413
    chunked = await client.post("/v1/batch", data=_one(gzip.compress(orjson.dumps(BATCH))))
    assert (chunked.status, len(kept.events)) == (200, 1)


async def _one(body: bytes):
    yield body


async def test_pages_of_the_keys_sites_may_send(client, kept):
    """A preflight is told what it asks for; of other sites nothing, and what they send is 403."""
    asked = {"Origin": SITE, "Access-Control-Request-Headers": "anonymousid,authorization,rsa-retry-count"}
    preflight = await client.options("/v1/track", headers=asked)
    assert preflight.status == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == SITE
    assert preflight.headers["Access-Control-Allow-Headers"] == asked["Access-Control-Request-Headers"]
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    answer = await client.post("/v1/t", json={"event": "A"}, headers={"Origin": SITE})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, SITE)
    other = await client.options("/v1/track", headers={**asked, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert (await client.post("/v1/t", json={"event": "A"}, headers={"Origin": "https://evil.example"})).status == 403
    assert len(kept.events) == 1


async def test_what_sdks_ask_for_first(client):
    """Segment's settings, RudderStack's source, PostHog's flags, by a known key alone."""
    settings = await client.get(f"/v1/projects/{KEY}/settings")
    assert (await settings.json())["integrations"]["Segment.io"]["apiKey"] == KEY
    assert (await client.get("/v1/projects/another-key/settings")).status == 401
    source = await client.get("/sourceConfig/", params={"writeKey": KEY, "p": "npm"})
    assert (await source.json())["source"]["enabled"] is True
    assert (await client.get("/sourceConfig/", params={"writeKey": "another"})).status == 401
    assert (await (await client.post("/flags/?v=2", json={})).json())["flags"] == {}


async def test_health_and_the_routes_of_others(client):
    """Both are beside those of SDKs; what is no path is 404."""
    assert (await (await client.get("/health")).json())["status"] == "ok"
    assert await (await client.get("/callbacks/x")).text() == "other"
    assert (await client.post("/v2/batch", json={})).status == 404


async def test_a_refusal_says_why_and_shows_nothing(client):
    """One line of JSON without a part of the body or the key."""
    answer = await client.post("/v1/batch", data=b'{"secret-of-somebody"')
    assert answer.status == 400
    said = await answer.text()
    assert orjson.loads(said)["error"]
    assert "secret" not in said
    unknown = await client.post("/v1/batch", json=BATCH, headers={"X-Write-Key": "a-key-of-nobody"})
    assert (unknown.status, "nobody" in await unknown.text()) == (401, False)
