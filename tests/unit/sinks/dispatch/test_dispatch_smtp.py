"""The SMTP sender against servers that answer by a script: after which failures a message may have gone."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from contextlib import asynccontextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from deploy import ports
from sinks.dispatch import mime
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.smtp import Server, Smtp
from tests.support.messages import NOW, OwnTime, message

SENDER = mime.Sender.of("Shop <hello@shop.example>")
OK = {"EHLO": "250 here", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 taken", "RSET": "250 ok"}
HANG = ""
CLOSE = None


class Script:
    """A server that says what its script has for a command; `log` has the commands it has heard, by connection."""

    def __init__(self, **changed):
        self.replies, self.log = OK | {"." if name == "end" else name: reply for name, reply in changed.items()}, []
        self.closed_after = None

    async def __call__(self, reader, writer):
        """One connection."""
        self.log.append([])
        writer.write(b"220 here\r\n")
        data = False
        while line := await reader.readline():
            word = line.decode().strip().split(" ")[0].upper()
            if data and word != ".":
                continue
            self.log[-1].append(word)
            reply = self.replies.get(word, "250 ok")
            if reply == HANG:
                await asyncio.sleep(30)
            if reply is CLOSE:
                break
            data = word == "DATA" and reply.startswith("354")
            writer.write(reply.encode() + b"\r\n")
            if word == self.closed_after:
                break
        writer.close()


@asynccontextmanager
async def sending(script, *, time=None, **how):
    """A sender of a server that follows a script."""
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = Smtp(Server("127.0.0.1", port, "none", timeout=1.0, accepting=0.3, **how), SENDER, time)
    try:
        yield sender
    finally:
        await sender.close()
        server.close()


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({}, Kind.ACCEPTED),
        ({"EHLO": CLOSE}, Kind.DOWN),
        ({"EHLO": "554 no", "HELO": "554 no"}, Kind.DOWN),
        ({"MAIL": CLOSE}, Kind.DOWN),
        ({"MAIL": "451 later"}, Kind.DOWN),
        ({"RCPT": CLOSE}, Kind.DOWN),
        ({"RCPT": "450 greylisted"}, Kind.DEFERRED),
        ({"RCPT": "550 5.1.1 nobody"}, Kind.ADDRESS),
        ({"DATA": "451 later"}, Kind.DEFERRED),
        ({"DATA": "421 closing"}, Kind.DOWN),
        ({"DATA": CLOSE}, Kind.UNCLEAR),
        ({"end": "452 full"}, Kind.DEFERRED),
        ({"end": "554 spam"}, Kind.REFUSED),
        ({"end": CLOSE}, Kind.UNCLEAR),
        ({"end": HANG}, Kind.UNCLEAR),
    ],
)
async def test_whether_a_message_may_have_gone(changed, kind):
    """Before the content is offered it surely has not; when its end gets no reply, nobody knows."""
    async with sending(Script(**changed)) as sender:
        assert (await sender.send(message(), NOW)).kind is kind


@pytest.mark.parametrize("refusal", ["421 4.7.0 try again later", "450 4.2.1 busy", CLOSE, HANG])
async def test_a_refused_recipient_is_no_fault_of_a_server_that_takes_others(refusal):
    """While others go through, a recipient at whom the server defers, hangs or hangs up is that message's matter."""
    script, time = Script(), OwnTime()
    async with sending(script, time=time) as sender:
        assert (await sender.send(message(), NOW)).kind is Kind.ACCEPTED
        script.replies["RCPT"] = refusal
        assert (await sender.send(message(2), NOW)).kind is Kind.DEFERRED
        script.replies["RCPT"] = "250 ok"
        assert (await sender.send(message(3), NOW)).kind is Kind.ACCEPTED
        script.replies["RCPT"] = refusal
        time.seconds += 3_600
        # Nothing has gone through for an hour: it may be the server. A 450 leaves no doubt whose matter it is.
        last = (await sender.send(message(4), NOW)).kind
    assert last is (Kind.DEFERRED if refusal and refusal.startswith("450") else Kind.DOWN)


@pytest.mark.parametrize("offered", [True, False])
async def test_an_address_in_utf8_goes_where_it_is_taken(offered):
    """With SMTPUTF8 it is asked for; without it nothing is sent, and neither address nor channel is blamed."""
    script = Script(EHLO="250-here\r\n250-8BITMIME\r\n250 SMTPUTF8" if offered else "250 here")
    async with sending(script) as sender:
        found = await sender.send(message(to="jörg@bücher.example"), NOW)
        again = await sender.send(message(2), NOW)
    assert found == (Answer(Kind.ACCEPTED, "smtp_250") if offered else Answer(Kind.REFUSED, "smtputf8"))
    assert again.kind is Kind.ACCEPTED
    assert len(script.log) == 1


async def test_nobody_listens():
    """A refused connection is the channel's matter, and nothing has gone."""
    server = await asyncio.start_server(Script(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    sender = Smtp(Server("127.0.0.1", port, "none", timeout=1.0), SENDER)
    assert await sender.send(message(), NOW) == Answer(Kind.DOWN, "connect")


async def test_connections_are_used_again_but_not_after_a_rest():
    """Two messages in a row go over one connection, also after a refusal; one that has rested is not trusted."""
    time, script = OwnTime(), Script(RCPT="550 5.1.1 nobody")
    async with sending(script, time=time) as sender:
        await sender.send(message(), NOW)
        script.replies["RCPT"] = "250 ok"
        assert (await sender.send(message(), NOW)).kind is Kind.ACCEPTED
        assert len(script.log) == 1
        time.seconds += 60
        assert (await sender.send(message(), NOW)).kind is Kind.ACCEPTED
    assert len(script.log) == 2


async def test_a_connection_that_the_server_has_closed_is_no_failure():
    """It breaks before anything is offered, so the message goes over a new one at once."""
    script = Script()
    async with sending(script) as sender:
        script.closed_after = "."
        assert (await sender.send(message(), NOW)).kind is Kind.ACCEPTED
        script.closed_after = None
        script.replies["MAIL"] = "250 ok"
        assert (await sender.send(message(), NOW)).kind is Kind.ACCEPTED
    assert len(script.log) == 2


async def test_what_is_no_email_is_refused_without_a_connection():
    """Nobody is asked about an address that is none."""
    script = Script()
    async with sending(script) as sender:
        assert await sender.send(message(to="nobody"), NOW) == Answer(Kind.REFUSED, "invalid")
    assert script.log == []


async def test_no_mail_without_the_tls_that_is_asked_for():
    """A server without STARTTLS gets neither password nor message."""
    script = Script()
    server = await asyncio.start_server(script, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = Smtp(Server("127.0.0.1", port, "starttls", "user", "secret", timeout=1.0), SENDER)
    assert (await sender.send(message(), NOW)).kind is Kind.DOWN
    assert all(words[:1] == ["EHLO"] and "AUTH" not in words and "MAIL" not in words for words in script.log)
    server.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of 127.0.0.1, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days",
         "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl here")
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize("trusted", [True, False])
async def test_tls_from_the_first_byte_with_a_password(certificate, trusted):
    """Over TLS the password and the message go; to a certificate that is not trusted nothing does."""
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*certificate)
    script = Script(EHLO="250-here\r\n250 AUTH PLAIN", AUTH="235 welcome")
    server = await asyncio.start_server(script, "127.0.0.1", 0, ssl=served)
    port = server.sockets[0].getsockname()[1]
    context = ssl.create_default_context(cafile=str(certificate[0]) if trusted else None)
    sender = Smtp(Server("127.0.0.1", port, "tls", "user", "secret", context, timeout=2.0), SENDER)
    answer = await sender.send(message(), NOW)
    await sender.close()
    server.close()
    assert answer.kind is (Kind.ACCEPTED if trusted else Kind.DOWN)
    assert script.log == ([["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."]] if trusted else [])


@pytest.mark.parametrize(("password", "patience", "kind"), [("secret", 5.0, Kind.ACCEPTED), ("wrong", 0.5, Kind.DOWN)])
async def test_starttls_and_a_login_at_a_real_server(certificate, password, patience, kind):
    """Aiosmtpd takes mail only over TLS from who has logged in; a wrong password is the channel's fault."""
    served, taken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    served.load_cert_chain(*certificate)

    class Handler:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            taken.append((session.ssl is not None, session.authenticated, envelope.rcpt_tos))
            return "250 OK"

    def authenticator(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"user", b"secret"))

    (port,) = ports.free(1)
    controller = Controller(
        Handler(), hostname="127.0.0.1", port=port, tls_context=served, require_starttls=True, auth_required=True,
        authenticator=authenticator,
    )  # fmt: skip
    await asyncio.to_thread(controller.start)
    context = ssl.create_default_context(cafile=str(certificate[0]))
    sender = Smtp(Server("127.0.0.1", port, "starttls", "user", password, context, timeout=patience), SENDER)
    answer = await sender.send(message(), NOW)
    await sender.close()
    await asyncio.to_thread(controller.stop)
    assert answer.kind is kind
    assert taken == ([(True, True, ["c1@example.com"])] if kind is Kind.ACCEPTED else [])
