"""Who may ask: nobody without the password where one is set."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from sinks.clickhouse.admin import USER, Credentials
from sinks.clickhouse.embedded.answers import EngineError, refusal

FAILED: Final = 516
REQUIRED: Final = 194


@dataclass(frozen=True)
class User:
    """Who asks: the name that was given, and whether it is the administrator."""

    name: str
    is_admin: bool


class Users:
    """The interface's users: the administrator, and everybody else, who share a password or need none."""

    def __init__(self, admin: Credentials, password: str = "") -> None:
        self.admin, self.password = admin, password

    def user(self, request: web.Request) -> User:
        """Who asks. Raises EngineError for a password that is missing or wrong."""
        user, password = _named(request)
        wanted = self.admin.password if user == USER else self.password
        if not wanted:
            return User(user, is_admin=False)
        if not password:
            raise refusal(REQUIRED, "REQUIRED_PASSWORD", f"{user}: Authentication failed: password is required")
        if not hmac.compare_digest(password.encode("utf-8", "surrogateescape"), wanted.encode()):
            raise refusal(FAILED, "AUTHENTICATION_FAILED", f"{user}: Authentication failed: password is incorrect")
        return User(user, is_admin=user == USER)


def challenge(error: EngineError) -> dict[str, str]:
    """The headers that make a browser ask for a password, for an error of a missing or wrong one; else none."""
    return {"WWW-Authenticate": 'Basic realm="ClickHouse server HTTP API"'} if error.code in (REQUIRED, FAILED) else {}


def _named(request: web.Request) -> tuple[str, str]:
    """User and password: of ClickHouse's headers, else of Basic authentication, else of the URL."""
    headers, query = request.headers, request.query
    if "X-ClickHouse-User" in headers or "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User") or "default", headers.get("X-ClickHouse-Key", "")
    if "Authorization" in headers:
        scheme, _, encoded = headers["Authorization"].partition(" ")
        try:
            user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        except ValueError:
            colon = ""
        if scheme.lower() != "basic" or not colon:
            raise refusal(FAILED, "AUTHENTICATION_FAILED", "Authentication failed: only Basic is understood")
        return user or "default", password
    return query.get("user") or "default", query.get("password", "")
