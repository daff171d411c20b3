"""What the delivery tests share: a mail server, a webhook, messages, a dispatcher process, and what the topics say."""

from __future__ import annotations

import asyncio
import re
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiosmtpd.controller import Controller

from deploy import ports
from schemas import times
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import (
    CONTACT_SUPPRESSIONS,
    CONVERSIONS,
    RETARGETING_DECISIONS,
    RETARGETING_DELIVERIES,
    RETARGETING_MESSAGES,
    partition_of,
)
from sinks.dispatch import ledger
from tests.support.stack import ROOT, WINBACK, environment, wait_for

PARTITIONS = 4
SECRET = "whsec_d2luYmFjay10ZXN0cw=="  # noqa: S105 - "winback-tests" in base64
HOUR = 3_600_000


class Mailbox(Controller):
    """A real SMTP server: `received` counts messages accepted, by message_id; `order` has them as they came.

    `script`: what it says to the first recipients, one after another; None takes one.
    """

    def __init__(self, *, delay=0.0, script=(), port=None):
        (free,) = ports.free(1)
        self.received, self.order, self.attempts = Counter(), [], 0
        self._delay, self._script = delay, list(script)
        super().__init__(self, hostname="127.0.0.1", port=port or free)

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802 - aiosmtpd's name
        self.attempts += 1
        if self._script and (refusal := self._script.pop(0)):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        await asyncio.sleep(self._delay)
        found = message_from_bytes(envelope.content)["Message-ID"].strip()[1:].partition("@")[0]
        self.received[found] += 1
        self.order.append((envelope.rcpt_tos[0], found))
        await asyncio.sleep(self._delay)
        return "250 OK"


class Hook:
    """A webhook that answers by `answers(key, attempt)`: a status, or "hang", "late" or "close".

    `effects`: what it has done, once for each idempotency key as a well-behaved one does; `attempts`: requests by key.
    """

    def __init__(self, answers=lambda _key, _attempt: 200):
        self.effects, self.attempts, self.requests, self.stopping = [], Counter(), [], threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key = self.headers["Idempotency-Key"]
                hook.attempts[key] += 1
                hook.requests.append((dict(self.headers), body))
                answer = answers(key, hook.attempts[key])
                if answer in (200, "late", "close", "hang") and key not in hook.effects:
                    hook.effects.append(key)
                if answer in ("late", "hang"):
                    hook.stopping.wait(1.5 if answer == "late" else 60)
                if answer in ("close", "hang"):
                    self.close_connection = True
                    return
                self.send_response(200 if answer == "late" else answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/messages?token=secret"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


def message(number, channel="email", *, profile=None, ttl=HOUR, at=None, **fields):
    """A record of `retargeting.messages`, decided now."""
    at = int(time.time() * 1000) if at is None else at
    pid = f"{number if profile is None else profile:08x}" + "a" * 24
    to = {"email": f"c{number}@example.com", "sms": f"+4930{number:06d}"}.get(channel, f"token-{number}")
    value = {
        "message_id": f"{number:048x}", "campaign_id": "abandoned-cart", "step": "reminder", "variant": None,
        "profile_id": pid, "channel": channel, "to": to, "subject": f"Still there? {number}",
        "body": "<p>Your cart &amp; more</p>", "url": None, "offer": None,
        "trigger": {"type": "cart_abandoned", "at": times.iso(at - 60_000), "cart_id": None},
        "decided_at": times.iso(at), "expires_at": times.iso(at + ttl), **fields,
    }  # fmt: skip
    return Record(RETARGETING_MESSAGES, partition_of(pid, PARTITIONS), 0, at, pid.encode(), orjson.dumps(value))


def cancelled(record, reason="converted"):
    """A decision that cancels a message."""
    value = orjson.loads(record.value)
    row = {"decision_id": "d" * 32, "profile_id": value["profile_id"], "outcome": "cancelled", "reason": reason,
           "message_id": value["message_id"]}  # fmt: skip
    return record._replace(topic=RETARGETING_DECISIONS, value=orjson.dumps(row))


def ordered(record, at):
    """A conversion of a message's profile."""
    row = {"order_id": "o-1", "profile_id": record.key.decode(), "at": times.iso(at)}
    return record._replace(topic=CONVERSIONS, value=orjson.dumps(row))


def refused(record):
    """The address of a message has said no."""
    value = orjson.loads(record.value)
    hashed = Hasher(Settings().secret.get_secret_value())(value["channel"], value["to"])
    row = {"address_hash": hashed, "channel": value["channel"], "topic": None, "suppressed": True,
           "reason": "unsubscribed", "since": "2026-01-01T00:00:00.000Z"}  # fmt: skip
    return record._replace(topic=CONTACT_SUPPRESSIONS, key=hashed.encode(), value=orjson.dumps(row))


def id_of(record):
    """The message_id of a message."""
    return orjson.loads(record.value)["message_id"]


def produce(address, records):
    """Write records to their partitions, in order."""

    async def send():
        async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
            sent = [await producer.send(r.topic, r.value, key=r.key, partition=r.partition) for r in records]
            await asyncio.gather(*sent)

    asyncio.run(send())


def values(address, topic, partitions=PARTITIONS):
    """Everything on a topic: (key, value) pairs, partition by partition."""

    async def read():
        found = []
        async with AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
            tps = [TopicPartition(topic, p) for p in range(partitions)]
            ends = await consumer.end_offsets(tps)
            consumer.assign(tps)
            for tp in tps:
                while await consumer.position(tp) < ends[tp]:
                    found += [(r.key, r.value) for r in (await consumer.getmany(tp, timeout_ms=200)).get(tp, ())]
        return found

    return asyncio.run(read())


def outcomes(address):
    """What the ledger says: outcome by message_id, the state where there is no outcome."""
    entries = {}
    for key, value in values(address, RETARGETING_DELIVERIES):
        entries[key.decode()] = ledger.reduce(entries.get(key.decode()), ledger.read(value))
    return {one: entry.outcome or entry.state for one, entry in entries.items()}


class Dispatcher:
    """A `winback dispatch` process."""

    def __init__(self, address, log, *arguments, **settings):
        self.log = log
        (self.metrics,) = ports.free(1)
        env = environment(**{
            "WINBACK_KAFKA": address, "WINBACK_METRICS": f"127.0.0.1:{self.metrics}",
            "WINBACK_DISPATCH_FROM": "The Shop <hello@shop.example>", "WINBACK_DISPATCH_SMTP_TLS": "none",
            "WINBACK_DISPATCH_WEBHOOK_SECRET": SECRET, "WINBACK_DISPATCH_PAUSE": "0.05",
            "WINBACK_DISPATCH_LONGEST_PAUSE": "0.2", "WINBACK_DISPATCH_TIMEOUT": "1", "WINBACK_DISPATCH_OPEN": "0.3",
            **settings,
        })  # fmt: skip
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*WINBACK, "dispatch", *map(str, arguments)], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out,
            )  # fmt: skip

    def wait_for(self, condition, what, seconds=60):
        """Wait for a condition while it runs."""
        try:
            return wait_for(condition, what, alive=self.process, seconds=seconds)
        except AssertionError:
            print(self.log.read_text()[-4000:])  # noqa: T201 - shown by pytest with the failure
            raise

    def told(self):
        """Its metrics; empty before it has any."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def kill(self):
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; it must end well, and must not have logged any address."""
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log.read_text()
        told = self.log.read_text()
        assert not re.search(r"example\.com|\+4930|token", told), told
