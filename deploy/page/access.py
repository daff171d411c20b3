"""Who may look: no web page of another site, and nobody without the password where one is set."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web

from infra.addresses import is_loopback, parse_address
from infra.web_pages import is_strange

if TYPE_CHECKING:
    from schemas.settings import Settings

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer: nothing but our own files is run, nobody frames the page, and no copy of it is kept."""


def checked(settings: Settings) -> tuple[str, int]:
    """Where to serve. Raises ValueError for a bad address, or one that others reach while no password is set."""
    host, port = parse_address(settings.page, "WINBACK_PAGE")
    if not is_loopback(host) and not password(settings):
        raise ValueError(
            f"WINBACK_PAGE={settings.page} can be reached from other machines: set WINBACK_HTTP_PASSWORD, "
            "or serve it on 127.0.0.1"
        )
    return host, port


def password(settings: Settings) -> str:
    """The password of the page, that of ClickHouse's interface; empty where none is set."""
    return settings.http_password.get_secret_value() if settings.http_password else ""


def refused(request: web.Request, wanted: str, *, local: bool) -> web.Response | None:
    """The answer for who may not ask; None for who may.

    `wanted`: the password, empty for none. `local`: on loopback, where only names of this machine lead here.
    """
    if is_strange(request, local=local):
        return web.Response(status=403, text="Requests of other web pages, or under another host name, are refused.\n")
    if wanted and not hmac.compare_digest(_given(request).encode("utf-8", "surrogateescape"), wanted.encode()):
        ask = {hdrs.WWW_AUTHENTICATE: 'Basic realm="Winback", charset="UTF-8"'}
        return web.Response(status=401, text="The password of WINBACK_HTTP_PASSWORD is needed.\n", headers=ask)
    return None


def user(request: web.Request) -> str:
    """The name that somebody has logged in with; a dash without one."""
    return _login(request)[0] or "-"


def _given(request: web.Request) -> str:
    return _login(request)[1]


def _login(request: web.Request) -> tuple[str, str]:
    """User and password of Basic authentication (RFC 7617, in UTF-8); both empty without it."""
    scheme, _, encoded = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, given = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, given
