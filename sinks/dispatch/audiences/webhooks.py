"""Where audiences go: names and addresses of webhooks, from the settings."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from schemas.settings import Settings
from sinks.dispatch import signature
from sinks.dispatch.webhook import Webhook

VARIABLE: Final = "WINBACK_DISPATCH_AUDIENCES"


def names(settings: Settings) -> tuple[str, ...]:
    """The names of the webhooks that have an address. Raises ValueError with what is wrong."""
    return tuple(_addresses(settings))


def of(settings: Settings) -> dict[str, Webhook]:
    """The webhooks by name. Raises ValueError with the variable to set."""
    found = _addresses(settings)
    if not found:
        return {}
    secret = settings.dispatch_webhook_secret
    if secret is None or not secret.get_secret_value():
        raise ValueError("WINBACK_DISPATCH_WEBHOOK_SECRET: set one, webhook requests are signed with it")
    key = signature.key_of(secret.get_secret_value())
    return {name: Webhook(url, key, timeout=settings.dispatch_timeout) for name, url in found.items()}


def _addresses(settings: Settings) -> dict[str, str]:
    given = settings.dispatch_audiences.get_secret_value() if settings.dispatch_audiences is not None else ""
    found: dict[str, str] = {}
    for part in given.split():
        name, equals, url = part.partition("=")
        parts = urlsplit(url)
        # The address may hold a token, so it is not repeated.
        if not equals or re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) is None:
            raise ValueError(f"{VARIABLE}: each part is name=URL, such as meta=https://..., with blanks between them")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{VARIABLE}: {name} has no http or https URL")
        if name in found:
            raise ValueError(f"{VARIABLE}: {name} is there twice")
        found[name] = url
    return found
