"""What `winback tail` says of a running shop, while it happens."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from tests.support.hours import at, line
from tests.support.stack import PATIENCE, ROOT, WINBACK, environment


class Tail:
    """A running `winback tail --json`, and what it has said so far."""

    def __init__(self, process):
        self.process, self.lines = process, []

    async def until(self, wanted, what):
        """Returns when it has said a line that is wanted; that line."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    for told in self.lines:
                        if wanted(told):
                            return told
                    self.lines.append(json.loads(await self.process.stdout.readline()))
        except TimeoutError:
            raise AssertionError(f"waited for {what}; there was {self.lines}") from None


@asynccontextmanager
async def tail(shop, *options):
    """Follows from now on; stopped by Ctrl-C at the end, which is no failure."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *WINBACK, "tail", "--json", *options, cwd=ROOT, env=environment(**shop.env), stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(PATIENCE):
            assert b"following" in await process.stderr.readline()
        yield Tail(process)
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 128 + signal.SIGINT
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.slow
async def test_events_are_followed_to_what_they_do(live):
    """Of one customer by her user id: read, repeated, dead, the cart, the order, the decision; nobody else's."""
    shop = await live("tail", at(0))
    await shop.publish([line(1, "Page Seen", userId="u-4711", anonymousId="a1")])
    await shop.read()
    shop.now(at(3))
    await shop.until("stitched.events", 1)
    async with tail(shop, "--of", "user_id:u-4711") as told:
        cart = {"sku": "s1", "price": 30, "quantity": 1, "currency": "EUR"}
        added = line(4, "Product Added", anonymousId="a1", properties=cart)
        coded = base64.b64encode(b'{"userId": "u-4711", ').decode()
        await shop.publish([
            added, {**added, "timestamp": added["timestamp"] + 1},
            line(4, "Product Added", anonymousId="b1", properties=cart),
            {"topic": "channels.web", "key": "k", "timestamp": at(4), "value_b64": coded},
        ])  # fmt: skip
        await shop.read()
        read = await told.until(lambda one: one["kind"] == "read", "the event to be read")
        assert (read["outcome"], read["name"], read["identifiers"]) == ("accepted", "Product Added", ["anonymous_id"])
        dead = await told.until(lambda one: one["kind"] == "dead", "the dead letter")
        assert dead["reason"] == "invalid_json"
        shop.now(at(10))
        event = await told.until(lambda one: one["kind"] == "event", "the event to take effect")
        assert event["did"] == ["cart: none to open (opened)"]
        shop.now(at(11))
        repeat = await told.until(lambda one: one["kind"] == "repeat", "the repeat to be known for one")
        assert repeat["of"] == event["id"]
        shop.now(at(90))
        decision = await told.until(lambda one: one["kind"] == "decision", "the decision")
        assert (decision["profile_id"], decision["check"]) == (event["profile_id"], "no_contact")
        assert {one["profile_id"] for one in told.lines if "profile_id" in one} == {event["profile_id"]}
        assert "u-4711" not in json.dumps(told.lines)


@pytest.mark.slow
async def test_a_tail_ends_by_itself(live):
    """With --for it is over after so long, and nothing has failed."""
    shop = await live("brief", at(0))
    command = [sys.executable, "-m", "deploy.cli.main", "tail", "--for", "1"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment(**shop.env))
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
