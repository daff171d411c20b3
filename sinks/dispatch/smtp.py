"""E-mail by SMTP: connections that are kept, and for every failure the answer whether the message may have gone."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Final, Literal

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from sinks.dispatch import answers, mime
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.message import Message
from sinks.dispatch.timing import Timing

ACCEPTING: Final = 120.0
"""Seconds for the reply to the end of a message: RFC 5321 (4.5.3.2.6) asks for patience here, as giving up means that
nobody knows whether the message has gone."""
KEPT: Final = 20.0
"""Seconds that an unused connection is kept; servers close theirs a little later."""


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


class Smtp:
    """Sends messages as e-mail. Any number of `send` may run at the same time, each on a connection of its own."""

    repeatable = False

    def __init__(self, server: Server, sender: mime.Sender, timing: Timing | None = None) -> None:
        self._server, self._sender, self._timing = server, sender, timing or Timing()
        self._idle: list[tuple[SMTP, float]] = []
        self.longest = 8 * server.timeout + server.accepting

    async def send(self, message: Message, at: int) -> Answer:
        """Try to send; `at`: epoch milliseconds, for the Date. Never raises what a server does."""
        try:
            to, data = mime.recipient(message.to), mime.compose(message, self._sender, at)
        except mime.InvalidError:
            return Answer(Kind.REFUSED, "invalid")
        while (client := self._kept()) is not None:
            answer = await self._transaction(client, to, data)
            if (answer.kind, answer.reason) != (Kind.DOWN, "disconnected"):
                return answer
            # The server had closed a connection that nobody used: nothing was sent, and it says nothing about now.
        try:
            client = await self._connected()
        except SMTPResponseException as refused:
            return Answer(Kind.DOWN, f"smtp_{refused.code}")
        except (SMTPException, OSError, ValueError) as error:
            return Answer(Kind.DOWN, "timeout" if isinstance(error, TimeoutError) else "connect")
        return await self._transaction(client, to, data)

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

    async def _transaction(self, client: SMTP, to: str, data: bytes) -> Answer:
        stage = answers.MAIL
        try:
            await client.mail(self._sender.address)
            stage = answers.RCPT
            await client.rcpt(to)
            stage = answers.DATA
            await client.data(data, timeout=self._server.accepting)
        except SMTPResponseException as refused:
            await self._reset(client)
            return answers.smtp(stage, refused.code, refused.message)
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            reason = "timeout" if isinstance(error, TimeoutError) else "disconnected"
            return Answer(Kind.UNCLEAR if stage == answers.DATA else Kind.DOWN, reason)
        except asyncio.CancelledError:
            client.close()
            raise
        self._keep(client)
        return Answer(Kind.ACCEPTED, "smtp_250")

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
