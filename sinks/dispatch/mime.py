"""An e-mail made of a message: text and HTML side by side, and headers that name it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, parseaddr
from typing import Any, Final
from urllib.parse import urlsplit

from schemas.unsubscribe_links import UnsubscribeLinks
from sinks.dispatch import html_text, mail_address, provider_headers
from sinks.dispatch.dkim_signing import Signer
from sinks.dispatch.mail_address import InvalidError, MailAddress
from sinks.dispatch.message import EMAIL, Message


class _Policy(EmailPolicy):
    """Of mail, with headers that are never folded: no reader decodes an address or a provider's word in them."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The header on one line where it has to stand whole, else as mail has it."""
        if name in _WHOLE:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_WHOLE: Final = provider_headers.NAMES | {"List-Unsubscribe"}
_POLICY: Final = _Policy(linesep=SMTP.linesep, cte_type="7bit", max_line_length=78)
_POLICY_UTF8: Final = _POLICY.clone(utf8=True)
"""With headers in UTF-8, for servers with SMTPUTF8 (RFC 6532)."""
_FEEDBACK: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_FEEDBACK: Final = 15
"""Characters of the sender in Feedback-ID, at most; Gmail wants 5 to 15."""


@dataclass(frozen=True)
class Sender:
    """Who e-mail is from. `unsubscribe`: a URL with `{message_id}` in it, or empty; then that of `links`, if any.

    `bounces`: the envelope's sender, an address of its own that gets the message_id (VERP), or None for that of From.
    `feedback_id` names the sender in Feedback-ID; empty stands for its domain. `provider` takes the mail, and is told
    what its callbacks are to name (`provider_headers.py`).
    """

    name: str
    address: MailAddress
    reply_to: str = ""
    unsubscribe: str = ""
    bounces: MailAddress | None = None
    feedback_id: str = ""
    signer: Signer | None = None
    links: UnsubscribeLinks | None = None
    provider: str = ""

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.domain

    def envelope(self, message_id: str) -> str:
        """Where what cannot be delivered of a message comes back to: `bounces+<message_id>@...`, if there is one."""
        if self.bounces is None:
            return str(self.address)
        return str(self.bounces._replace(local=f"{self.bounces.local}+{message_id}"))

    @classmethod
    def of(
        cls, written: str, reply_to: str = "", unsubscribe: str = "", bounces: str = "", feedback_id: str = ""
    ) -> Sender:
        """A sender as `written` in settings: `Name <address>`, or the address alone; `reply_to` is written likewise.

        `unsubscribe`, `bounces` and `feedback_id` are as in the class, `bounces` as text.
        Raises ValueError with the variable that is wrong and what it has to be.
        """
        name, address = parseaddr(written)
        try:
            sender = cls(name, mail_address.read(address), reply_to.strip(), unsubscribe.strip())
            good = written.isprintable() and str(_shown(sender)) != ""
        except (InvalidError, ValueError, MessageError):
            good = False
        if not good:
            raise ValueError("WINBACK_DISPATCH_FROM: an address is Name <name@domain>")
        if sender.address.needs_utf8:
            raise ValueError("WINBACK_DISPATCH_FROM: what is before the @ has to be ASCII")
        if sender.reply_to:
            try:
                mail_address.read(parseaddr(sender.reply_to)[1])
            except InvalidError:
                raise ValueError("WINBACK_DISPATCH_REPLY_TO: an address is Name <name@domain>") from None
        _check_unsubscribe(sender.unsubscribe)
        if len(feedback_id) > _LONGEST_FEEDBACK or _FEEDBACK.search(feedback_id):
            raise ValueError(
                f"WINBACK_DISPATCH_FEEDBACK_ID: at most {_LONGEST_FEEDBACK} letters, digits, dots, - and _"
            )
        sender = replace(sender, feedback_id=feedback_id)
        return replace(sender, bounces=_bounces(bounces)) if bounces.strip() else sender


def compose(message: Message, sender: Sender, at: int) -> bytes:
    """The e-mail as bytes, without a signature; `at` in epoch milliseconds is its Date. The same for the same three.

    Raises InvalidError.
    """
    to = mail_address.read(message.to)
    try:
        made = EmailMessage(policy=_POLICY_UTF8 if to.needs_utf8 else _POLICY)
        made["From"] = _shown(sender)
        made["To"] = to.header
        made["Subject"] = plain(message.subject)
        made["Date"] = format_datetime(datetime.fromtimestamp(at / 1000, tz=UTC))
        made["Message-ID"] = f"<{message.message_id}@{sender.domain}>"
        if sender.reply_to:
            made["Reply-To"] = sender.reply_to
        made["Feedback-ID"] = _feedback(message, sender)
        url = sender.unsubscribe.replace("{message_id}", message.message_id)
        if not url and sender.links is not None:
            url = sender.links.of(message.message_id, EMAIL)
        if url:
            made["List-Unsubscribe"] = f"<{url}>"
            if url.startswith("https://"):
                made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        for name, value in provider_headers.of(sender.provider, message).items():
            made[name] = value
        html = html_text.is_html(message.body)
        made.set_content(html_text.to_text(message.body) if html else message.body)
        made.add_alternative(message.body if html else html_text.to_html(message.body), subtype="html")
        made.set_boundary(f"=_{message.message_id}")
        return made.as_bytes()
    except (ValueError, UnicodeError, MessageError) as wrong:
        raise InvalidError(type(wrong).__name__) from None


def plain(text: str) -> str:
    """A text as it may stand in a header: each run of blanks and line ends one blank, no control character."""
    shown = "".join(c for c in " ".join(text.split()) if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp"))
    return " ".join(shown.split())


def _shown(sender: Sender) -> Address:
    return Address(plain(sender.name), username=sender.address.local, domain=sender.address.domain)


def _feedback(message: Message, sender: Sender) -> str:
    """What Gmail's Postmaster Tools count complaints by: campaign, step, variant, and last the sender.

    https://support.google.com/mail/answer/6254652
    """
    parts = (message.campaign_id, message.step, message.variant or "")
    shown = [_FEEDBACK.sub("-", part)[:40] for part in parts]
    who = sender.feedback_id or _FEEDBACK.sub("-", sender.domain)[-_LONGEST_FEEDBACK:]
    return ":".join((*shown, who))


def _bounces(written: str) -> MailAddress:
    try:
        found = mail_address.read(written)
    except InvalidError:
        found = None
    if found is None or found.needs_utf8:
        raise ValueError("WINBACK_DISPATCH_BOUNCES: an address, such as bounces@mail.shop.example")
    return found


def _check_unsubscribe(url: str) -> None:
    if not url:
        return
    scheme = urlsplit(url).scheme
    if (
        scheme not in ("https", "http", "mailto")
        or not url.isascii()
        or any(not c.isprintable() or c in " <>," for c in url)
    ):
        raise ValueError(
            "WINBACK_DISPATCH_UNSUBSCRIBE: a URL (https, http or mailto), with {message_id} where that is filled in"
        )
