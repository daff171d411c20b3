"""Who may look at the page, what its answers carry, and that its files hold to its own policy."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from deploy.errors import UnavailableError
from deploy.page import access, people
from deploy.page.gathering import State
from deploy.page.server import STATIC, Server
from schemas.settings import Settings


def login(name: str, password: str) -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


Client = TestClient[web.Request, web.Application]
Serve = Callable[..., Awaitable[Client]]


class Gathered:
    """A state that never changes."""

    async def state(self) -> State:
        """The state."""
        return State(b'{"state": 1}', '"tag"')


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`serve(password, local=True)`: a client of a page with a password or none."""
    clients: list[Client] = []

    async def start(password: str = "", *, local: bool = True) -> Client:
        settings = Settings(http_password=SecretStr(password) if password else None)
        app = Server(settings, Gathered(), local=local).app()  # type: ignore[arg-type]
        clients.append(TestClient(TestServer(app, host="127.0.0.1")))
        await clients[-1].start_server()
        return clients[-1]

    yield start
    for client in clients:
        await client.close()


async def test_every_answer_keeps_to_the_policy(serve: Serve) -> None:
    """Files, state, refusals and what is not there: nothing but our own is run, nothing is kept or framed."""
    client = await serve()
    for path in (*STATIC, "/api/state", "/health", "/none"):
        answer = await client.get(path)
        assert answer.status == (404 if path == "/none" else 200), path
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_files_hold_to_the_policy() -> None:
    """No inline script or style, nothing from elsewhere, and no text that is read as HTML."""
    folder = files("deploy.page").joinpath("static")
    html = folder.joinpath("index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    assert re.findall(r"\son\w+=|\sstyle=|<style", html) == []
    served = {name for name, _ in STATIC.values()}
    assert {path.name for path in folder.iterdir()} == served
    for name in served:
        text = folder.joinpath(name).read_text(encoding="utf-8")
        assert re.findall(r"https?://(?!www\.w3\.org/)", text) == [], name
        assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|setTimeout\('", text) == [], (
            name
        )
    assert set(re.findall(r'(?:href|src)="([^"#]+)"', html)) <= served


async def test_a_state_that_is_known_is_not_sent_again(serve: Serve) -> None:
    """The tag of an answer, given back, is answered with 304 and no body."""
    client = await serve()
    first = await client.get("/api/state")
    assert await first.json() == {"state": 1}
    again = await client.get("/api/state", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    assert (await client.get("/api/state", headers={"If-None-Match": '"other"'})).status == 200


@pytest.mark.parametrize("headers", [
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.example"},
    {"Origin": "null"}, {"Host": "evil.example"},
])  # fmt: skip
async def test_other_web_pages_are_kept_out(serve: Serve, headers: dict[str, str]) -> None:
    """A page of another site, or one whose name was made to lead here, gets nothing, whatever it asks for."""
    client = await serve()
    for method, path in (("GET", "/"), ("GET", "/api/state"), ("POST", "/api/person")):
        answer = await client.request(method, path, headers=headers, json={"identifier": "email:a@b.c"})
        assert answer.status == 403, (method, path)


async def test_the_password_is_asked_for_everything_but_health(serve: Serve) -> None:
    """Without it, or with a wrong one, nothing is shown, and a browser asks; with it all is."""
    client = await serve("pässword", local=False)
    for path in (*STATIC, "/api/state"):
        for headers in ({}, login("ada", "wrong"), login("ada", "")):
            answer = await client.get(path, headers=headers)
            assert answer.status == 401
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert (await client.get(path, headers=login("ada", "pässword"))).status == 200
    for raw in ("Basic", "Basic %%%", "Bearer pässword", "Basic YQ=="):
        assert (await client.get("/api/state", headers={"Authorization": raw})).status == 401
    assert (await client.post("/api/person", json={"identifier": "email:a@b.c"})).status == 401
    assert (await client.get("/health")).status == 200


@pytest.mark.parametrize(("address", "password", "fits"), [
    ("127.0.0.1:8088", "", True), ("[::1]:8088", "", True), ("localhost:8088", "", True), ("0.0.0.0:8088", "", False),
    ("0.0.0.0:8088", "x", True), ("10.0.0.5:8088", "", False), ("page.example:8088", "", False), ("8088", "", False),
])  # fmt: skip
def test_an_address_that_others_reach_needs_the_password(address: str, password: str, fits: bool) -> None:
    """On any other address than loopback the page is not served without WINBACK_HTTP_PASSWORD."""
    settings = Settings(page=address, http_password=SecretStr(password) if password else None)
    if fits:
        assert access.checked(settings)[1] == 8088
    else:
        with pytest.raises(ValueError, match="WINBACK_PAGE"):
            access.checked(settings)


async def test_a_search_is_logged_without_whom(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Who searched, for which type of identifier, and the keyed hash; not the value."""
    asked: list[Any] = []

    def search(settings: Settings, identifier: Any) -> dict[str, Any]:
        asked.append(identifier)
        return {"profile_id": "p-1", "erased": None, "timeline": []}

    monkeypatch.setattr(people, "search", search)
    caplog.set_level("INFO", "winback.page")
    client = await serve("x")
    answer = await client.post(
        "/api/person", json={"identifier": "email:Ada@Example.com"}, headers=login("grace", "x")
    )  # fmt: skip
    assert (await answer.json())["profile_id"] == "p-1"
    assert asked[0].value == "ada@example.com"
    # Where it is written depends on whether something has configured logs in this process.
    said = caplog.text + "".join(capsys.readouterr())
    assert "grace" in said
    assert asked[0].hash in said
    assert "ada" not in said.lower()


@pytest.mark.parametrize(("body", "kind", "status"), [
    (b'{"identifier": "email: "}', "application/json", 400), (b'{"identifier": "someone"}', "application/json", 400),
    (b'{"identifier": 5}', "application/json", 400), (b"[]", "application/json", 400), (b"{", "application/json", 400),
    (b'{"identifier": "email:a@b.example"}', "text/plain", 415), (b"x" * 5_000, "application/json", 413),
])  # fmt: skip
async def test_what_is_no_search_is_refused(serve: Serve, body: bytes, kind: str, status: int) -> None:
    """Each with a status that says whose fault it is; the value asked for is not repeated."""
    client = await serve()
    answer = await client.post("/api/person", data=body, headers={"Content-Type": kind})
    assert answer.status == status
    assert "someone" not in await answer.text()


async def test_somebody_erased_or_unknown_is_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was erased is said to be, and when; who is unknown is said to be; ClickHouse may be away."""
    client = await serve()

    async def told(**found: Any) -> tuple[int, str]:
        def search(settings: Settings, identifier: Any) -> dict[str, Any]:
            if found.get("away"):
                raise UnavailableError("ClickHouse does not answer")
            return {"profile_id": "", **found}

        monkeypatch.setattr(people, "search", search)
        answer = await client.post("/api/person", json={"identifier": "email:ada@example.com"})
        return answer.status, (await answer.json())["error"]

    assert await told(erased="2026-01-05T00:00:00.000Z") == (
        200, "this customer was erased at 2026-01-05T00:00:00.000Z: nothing is kept but keyed hashes"
    )  # fmt: skip
    assert await told(erased=None) == (200, "nothing is known of email:***")
    assert await told(away=True) == (503, "ClickHouse does not answer")
