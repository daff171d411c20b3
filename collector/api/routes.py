"""`GET /v1/offers/CODE`, and `GET` and `POST /v1/unsubscribe`."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from collector.api import offers, unsubscribing
from collector.intake import Intake, IntakeFullError
from schemas.unsubscribe_links import CHANNEL, SIGNED, UnsubscribeLinks, Unsubscribing

Lookup = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""The row of `v_offers` of a code, None without one. Raises UnavailableError."""
OFFERS, UNSUBSCRIBE = "offers", "unsubscribe"
OK, SHOWN, UNKNOWN, UNAUTHORIZED, INVALID, UNAVAILABLE = (
    "ok", "shown", "unknown", "unauthorized", "invalid", "unavailable",
)  # fmt: skip
_AGAIN: Final = "10"
"""Seconds after which to ask again, where ClickHouse does not answer."""


class UnavailableError(Exception):
    """Offers cannot be looked up now."""


class ApiMetrics:
    """The counter of requests in a `registry`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "winback_api_requests", "Requests for offers and to unsubscribe: ok, shown (a page that does nothing), "
            "unknown, unauthorized, invalid, unavailable", ["endpoint", "outcome"], registry=registry,
        )  # fmt: skip


def routes(
    intake: Intake, counted: ApiMetrics, *, links: UnsubscribeLinks, lookup: Lookup | None = None,
    keys: Sequence[str] = (), clock: Callable[[], float] = time.time,
) -> list[web.RouteDef]:  # fmt: skip
    """The routes, for an aiohttp application; offers only with a `lookup` and `keys` that may ask.

    Events go to `intake`, counts to `counted`; `links` read what a link says, `clock` is the time in epoch seconds.
    """
    api = _Api(intake, counted, links, lookup, tuple(key for key in keys if key), clock)
    found = [web.get("/v1/unsubscribe", api.shown), web.post("/v1/unsubscribe", api.unsubscribed)]
    if lookup is not None and api.keys:
        found.append(web.get("/v1/offers/{code}", api.offer))
    return found


class _Api:
    """Answers requests."""

    def __init__(
        self, intake: Intake, counted: ApiMetrics, links: UnsubscribeLinks, lookup: Lookup | None,
        keys: tuple[str, ...], clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._intake, self._counted, self._links = intake, counted, links
        self._lookup, self.keys, self._clock = lookup, keys, clock

    async def offer(self, asked: web.Request) -> web.Response:
        """Whether a code is good."""
        if not self._may_ask(asked):
            self._count(OFFERS, UNAUTHORIZED)
            return _json(401, {"error": "a key is needed: Authorization: Bearer KEY"}, {"WWW-Authenticate": "Bearer"})
        code = offers.code_of(asked.match_info["code"])
        try:
            row = await self._lookup(code) if self._lookup is not None and code else None
        except UnavailableError:
            self._count(OFFERS, UNAVAILABLE)
            return _json(503, {"error": "offers cannot be looked up now"}, {"Retry-After": _AGAIN})
        answer = offers.answer(code, row, datetime.fromtimestamp(self._clock(), tz=UTC))
        self._count(OFFERS, OK if row is not None else UNKNOWN)
        return _json(answer.status, answer.body)

    async def shown(self, asked: web.Request) -> web.Response:
        """The page with the button: it does nothing by itself."""
        code = unsubscribing.language(asked.headers.get("Accept-Language", ""))
        if self._said(asked) is None:
            self._count(UNSUBSCRIBE, INVALID)
            return _page(404, unsubscribing.invalid(code))
        self._count(UNSUBSCRIBE, SHOWN)
        return _page(200, unsubscribing.question(code))

    async def unsubscribed(self, asked: web.Request) -> web.Response:
        """A press of the button, the mailbox's or the page's."""
        code = unsubscribing.language(asked.headers.get("Accept-Language", ""))
        said = self._said(asked)
        if said is None:
            self._count(UNSUBSCRIBE, INVALID)
            return _page(404, unsubscribing.invalid(code))
        if not await _is_one_click(asked):
            self._count(UNSUBSCRIBE, INVALID)
            return _page(400, unsubscribing.invalid(code))
        try:
            await self._intake.take([unsubscribing.event(said, int(self._clock() * 1000))])
        except IntakeFullError as full:
            self._count(UNSUBSCRIBE, UNAVAILABLE)
            return web.Response(status=503, text="again later\n", headers={"Retry-After": str(full.retry_after)})
        self._count(UNSUBSCRIBE, OK)
        return _page(200, unsubscribing.done(code))

    def _said(self, asked: web.Request) -> Unsubscribing | None:
        return self._links.read(asked.query.get(SIGNED, ""), asked.query.get(CHANNEL, ""))

    def _may_ask(self, asked: web.Request) -> bool:
        scheme, _, given = asked.headers.get("Authorization", "").partition(" ")
        key = given.strip().encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
        # All are compared, so the time does not tell which one is nearest.
        return sum(hmac.compare_digest(key, known.encode()) for known in self.keys) > 0

    def _count(self, endpoint: str, outcome: str) -> None:
        self._counted.requests.labels(endpoint, outcome).inc()


async def _is_one_click(asked: web.Request) -> bool:
    """Whether the form, as RFC 8058 has it in either encoding, asks for it."""
    try:
        form = await asked.post()
    except ValueError:
        return False
    return form.get(unsubscribing.FIELD) == unsubscribing.ONE_CLICK


def _json(status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store", **(headers or {})})


def _page(status: int, html: str) -> web.Response:
    return web.Response(status=status, text=html, content_type="text/html", headers=unsubscribing.HEADERS)
