"""An e-mail made of a message: text and HTML side by side, and headers that name it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from sinks.dispatch import html_text
from sinks.dispatch.message import Message

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


class InvalidError(Exception):
    """A message that cannot be an e-mail; says why, never to whom."""


@dataclass(frozen=True)
class Sender:
    """Who e-mail is from. `unsubscribe`: a URL with `{message_id}` in it, or empty."""

    name: str
    address: str
    reply_to: str = ""
    unsubscribe: str = ""

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    @classmethod
    def of(cls, written: str, reply_to: str = "", unsubscribe: str = "") -> Sender:
        """A sender as `written` in settings: `Name <address>`, or the address alone; `reply_to` is as it is there.

        `unsubscribe` is the URL of List-Unsubscribe. Raises ValueError.
        """
        name, address = parseaddr(written)
        local, _, domain = address.rpartition("@")
        if not local or not domain or not written.isprintable():
            raise ValueError("WINBACK_DISPATCH_FROM: an address is Name <name@domain>")
        return cls(name, address, reply_to, unsubscribe)


def recipient(to: str) -> str:
    """The address for the envelope, a foreign domain in its ASCII form. Raises InvalidError.

    What comes before the @ has to be ASCII: few servers take anything else (SMTPUTF8).
    """
    local, _, domain = to.strip().rpartition("@")
    if not (local.isascii() and local and domain and to.isprintable()) or any(c in to for c in " <>,;"):
        raise InvalidError("no e-mail address")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError:
        raise InvalidError("no such domain") from None
    return f"{local}@{ascii_domain}"


def compose(message: Message, sender: Sender, at: int) -> bytes:
    """The e-mail as bytes; `at` in epoch milliseconds is its Date. The same for the same three. Raises InvalidError."""
    to = recipient(message.to)
    try:
        made = EmailMessage(policy=_POLICY)
        made["From"] = Address(sender.name, addr_spec=sender.address)
        made["To"] = Address(addr_spec=to)
        made["Subject"] = " ".join(message.subject.split())
        made["Date"] = format_datetime(datetime.fromtimestamp(at / 1000, tz=UTC))
        made["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
        if sender.reply_to:
            made["Reply-To"] = sender.reply_to
        if sender.unsubscribe:
            url = sender.unsubscribe.replace("{message_id}", message.message_id)
            made["List-Unsubscribe"] = f"<{url}>"
            if url.startswith("https://"):
                made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        html = html_text.is_html(message.body)
        made.set_content(html_text.to_text(message.body) if html else message.body)
        made.add_alternative(message.body if html else html_text.to_html(message.body), subtype="html")
        made.set_boundary(f"=_{message.message_id}")
        return made.as_bytes()
    except (ValueError, UnicodeError) as wrong:
        raise InvalidError(type(wrong).__name__) from None
