"""E-mail by SMTP: connections that are kept, and for every failure the answer whether the message may have gone."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from sinks.dispatch import answers, mail_address, mime
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.mail_address import MailAddress
from sinks.dispatch.message import Message
from sinks.dispatch.timing import Timing

ACCEPTING: Final = 120.0
"""Seconds for the reply to the end of a message: RFC 5321 (4.5.3.2.6) asks for patience here, as giving up means that
nobody knows whether the message has gone."""
KEPT: Final = 20.0
"""Seconds that an unused connection is kept; servers close theirs a little later."""
GOES_THROUGH: Final = 600.0
"""Seconds for which a message that the server has taken shows that a connection lost at another one's recipient is that
message's matter."""
_CLOSING: Final = 421


@dataclass(frozen=True)
class Server:
    """An SMTP server and how to talk to it. `timeout`: seconds for connecting and for each reply but the last."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: str | None = None
    context: ssl.SSLContext | None = None
    timeout: float = 30.0
    accepting: float = ACCEPTING


class Mail(NamedTuple):
    """A mail as it goes out: the envelope's sender and recipient, and the content, signed if there is a key."""

    sender: str
    to: MailAddress
    data: bytes


class Smtp:
    """Sends messages as e-mail. Any number of `send` may run at the same time, each on a connection of its own."""

    repeatable = False

    def __init__(self, server: Server, sender: mime.Sender, timing: Timing | None = None) -> None:
        self._server, self._sender, self._timing = server, sender, timing or Timing()
        self._idle: list[tuple[SMTP, float]] = []
        self._taken = float("-inf")
        """When a message was taken last."""
        self.longest = 8 * server.timeout + server.accepting

    async def send(self, message: Message, at: int) -> Answer:
        """Try to send; `at`: epoch milliseconds, for the Date. Never raises what a server does."""
        try:
            mail = await self._mail(message, at)
        except mail_address.InvalidError:
            return Answer(Kind.REFUSED, "invalid")
        while (client := self._kept()) is not None:
            answer = await self._transaction(client, mail)
            if (answer.kind, answer.reason) != (Kind.DOWN, "disconnected"):
                return answer
            # The server had closed a connection that nobody used: nothing was sent, and it says nothing about now.
        try:
            client = await self._connected()
        except SMTPResponseException as refused:
            return Answer(Kind.DOWN, f"smtp_{refused.code}")
        except (SMTPException, OSError, ValueError) as error:
            return Answer(Kind.DOWN, "timeout" if isinstance(error, TimeoutError) else "connect")
        return await self._transaction(client, mail)

    async def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            self._idle.pop()[0].close()

    def _kept(self) -> SMTP | None:
        """A connection that has been used lately."""
        while self._idle:
            client, used = self._idle.pop()
            if client.is_connected and self._timing.monotonic() - used < KEPT:
                return client
            client.close()
        return None

    async def _connected(self) -> SMTP:
        server = self._server
        client = SMTP(
            hostname=server.host, port=server.port, timeout=server.timeout, username=server.username,
            password=server.password, local_hostname=self._sender.domain, tls_context=server.context,
            use_tls=server.tls == "tls", start_tls=server.tls == "starttls",
        )  # fmt: skip
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client

    async def _mail(self, message: Message, at: int) -> Mail:
        """The mail as it goes out. Raises InvalidError."""
        to = mail_address.read(message.to)
        data = mime.compose(message, self._sender, at)
        signer = self._sender.signer
        if signer is not None:
            # Some milliseconds of arithmetic: other messages go on meanwhile.
            data = await asyncio.to_thread(signer.signed, data)
        return Mail(self._sender.envelope(message.message_id), to, data)

    async def _transaction(self, client: SMTP, mail: Mail) -> Answer:
        encoding, options = ("utf-8", ["SMTPUTF8", "BODY=8BITMIME"]) if mail.to.needs_utf8 else ("ascii", None)
        stage = answers.MAIL
        try:
            if mail.to.needs_utf8:
                if client.is_ehlo_or_helo_needed:
                    await client.ehlo()
                if not client.supports_extension("smtputf8"):
                    self._keep(client)
                    return Answer(Kind.REFUSED, "smtputf8")
            await client.mail(mail.sender, options=options, encoding=encoding)
            stage = answers.RCPT
            await client.rcpt(str(mail.to), encoding=encoding)
            stage = answers.DATA
            await client.data(mail.data, timeout=self._server.accepting)
        except SMTPResponseException as refused:
            answer = answers.smtp(stage, refused.code, refused.message)
            if refused.code == _CLOSING:
                client.close()
                return self._lost(answer)
            await self._reset(client)
            return answer
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            reason = "timeout" if isinstance(error, TimeoutError) else "disconnected"
            if stage == answers.DATA:
                return Answer(Kind.UNCLEAR, reason)
            return self._lost(Answer(Kind.DEFERRED if stage == answers.RCPT else Kind.DOWN, reason))
        except asyncio.CancelledError:
            client.close()
            raise
        self._taken = self._timing.monotonic()
        self._keep(client)
        return Answer(Kind.ACCEPTED, "smtp_250")

    def _lost(self, answer: Answer) -> Answer:
        """The server has ended a connection: while it takes others, that is this message's matter, else the channel's.

        Some servers end it at a recipient whose mailbox is busy, or whom they do not like.
        """
        if answer.kind is not Kind.DEFERRED or self._timing.monotonic() - self._taken < GOES_THROUGH:
            return answer
        return answer._replace(kind=Kind.DOWN)

    async def _reset(self, client: SMTP) -> None:
        """Make a connection fit for the next message after a refusal."""
        try:
            await client.rset()
        except (SMTPException, OSError):
            client.close()
        else:
            self._keep(client)

    def _keep(self, client: SMTP) -> None:
        self._idle.append((client, self._timing.monotonic()))
