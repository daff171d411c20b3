"""The channels of a dispatcher, made of its settings; a channel without an address is off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from infra.addresses import is_loopback, parse_address
from schemas.settings import Settings
from schemas.unsubscribe_links import UnsubscribeLinks
from sinks.dispatch import mime, signature
from sinks.dispatch.answers import Answer
from sinks.dispatch.breaker import Breaker
from sinks.dispatch.dkim_signing import Signer
from sinks.dispatch.domain_caps import DomainCaps
from sinks.dispatch.mail_address import MailAddress
from sinks.dispatch.message import CHANNELS, EMAIL, Message
from sinks.dispatch.smtp import Server, Smtp
from sinks.dispatch.webhook import Webhook

NOBODY: Final = mime.Sender("", MailAddress("nobody", "localhost"))
"""The sender of e-mail that only goes to files."""


class Sender(Protocol):
    """Sends messages on one channel."""

    repeatable: bool
    """Whether a message may be sent again because a second one is dropped by its key."""
    longest: float
    """Seconds that a try takes at most."""

    async def send(self, message: Message, at: int) -> Answer:
        """Try to send a message at a time in epoch milliseconds."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass
class Channel:
    """One channel: its sender, the slots for messages sent at the same time, its circuit breaker and its caps."""

    name: str
    sender: Sender
    breaker: Breaker
    slots: asyncio.Semaphore
    caps: DomainCaps = field(default_factory=DomainCaps)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Wake the tasks that wait for the breaker to change."""
        self.changed.set()
        self.changed = asyncio.Event()


def with_address(settings: Settings) -> tuple[str, ...]:
    """The channels that have an address."""
    return tuple(name for name in CHANNELS if (settings.dispatch_smtp if name == EMAIL else _url(settings, name)))


def of(settings: Settings, chosen: Sequence[str] = ()) -> dict[str, Channel]:
    """The chosen channels, all that have an address when none is chosen.

    Raises ValueError with the variable to set, OSError for a certificate file that cannot be read.
    """
    senders: dict[str, Sender] = {}
    for name in chosen or CHANNELS:
        if name not in CHANNELS:
            raise ValueError(f"--channel {name}: one of {', '.join(CHANNELS)}")
        sender = _smtp(settings) if name == EMAIL else _webhook(settings, name)
        if sender is not None:
            senders[name] = sender
        elif chosen:
            raise ValueError(f"--channel {name}: set {_variable(name)} to where it is to be sent")
    if not senders:
        raise ValueError("no channel is set up: set WINBACK_DISPATCH_SMTP or WINBACK_DISPATCH_<CHANNEL>_URL")
    return {name: _channel(settings, name, sender) for name, sender in senders.items()}


def sender_of(settings: Settings) -> mime.Sender:
    """The sender of e-mail, from the settings. Raises ValueError with what is wrong, OSError for an unreadable key."""
    sender = mime.Sender.of(
        settings.dispatch_from, settings.dispatch_reply_to, settings.dispatch_unsubscribe, settings.dispatch_bounces,
        settings.dispatch_feedback_id,
    )  # fmt: skip
    sender = replace(sender, provider=settings.dispatch_provider)
    if settings.unsubscribe_url:
        links = UnsubscribeLinks(settings.secret.get_secret_value(), settings.unsubscribe_url)
        sender = replace(sender, links=links)
    if settings.dispatch_dkim_key is None:
        return sender
    domain = settings.dispatch_dkim_domain or sender.domain
    return replace(sender, signer=Signer.of(settings.dispatch_dkim_key, settings.dispatch_dkim_selector, domain))


def _channel(settings: Settings, name: str, sender: Sender) -> Channel:
    breaker = Breaker(settings.dispatch_failures, settings.dispatch_open)
    caps = DomainCaps(settings.dispatch_per_domain if name == EMAIL else 0)
    return Channel(name, sender, breaker, asyncio.Semaphore(settings.dispatch_concurrency), caps)


def _variable(name: str) -> str:
    return "WINBACK_DISPATCH_SMTP" if name == EMAIL else f"WINBACK_DISPATCH_{name.upper()}_URL"


def _smtp(settings: Settings) -> Smtp | None:
    if not settings.dispatch_smtp:
        return None
    host, port = parse_address(settings.dispatch_smtp, "WINBACK_DISPATCH_SMTP")
    tls = settings.dispatch_smtp_tls
    secret = settings.dispatch_smtp_password
    password = secret.get_secret_value() or None if secret else None
    if password is not None and tls == "none" and not is_loopback(host):
        raise ValueError("WINBACK_DISPATCH_SMTP_TLS=none: no password is sent without TLS")
    cafile = str(settings.dispatch_smtp_cafile) if settings.dispatch_smtp_cafile else None
    context = None if tls == "none" else ssl.create_default_context(cafile=cafile)
    server = Server(
        host, port, tls, settings.dispatch_smtp_username or None, password, context, settings.dispatch_timeout,
    )  # fmt: skip
    return Smtp(server, sender_of(settings))


def _webhook(settings: Settings, name: str) -> Webhook | None:
    url = _url(settings, name)
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{_variable(name)}: a webhook is an http or https URL")
    if settings.dispatch_webhook_secret is None or not settings.dispatch_webhook_secret.get_secret_value():
        raise ValueError("WINBACK_DISPATCH_WEBHOOK_SECRET: set one, webhook requests are signed with it")
    key = signature.key_of(settings.dispatch_webhook_secret.get_secret_value())
    return Webhook(url, key, timeout=settings.dispatch_timeout)


def _url(settings: Settings, name: str) -> str:
    url: SecretStr | None = getattr(settings, f"dispatch_{name}_url")
    return url.get_secret_value() if url is not None else ""
