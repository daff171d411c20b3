"""A dispatcher killed again and again while a real mail server takes what it sends."""

from __future__ import annotations

import asyncio
import random
import threading

import pytest

from tests.support.dispatch import Dispatcher, Mailbox, id_of, message, outcomes, produce
from tests.support.sink_processes import make_topics

KILLS = 20
MESSAGES = 700
AT_ONCE = 2


@pytest.mark.parametrize("seed", [7])
def test_no_mail_twice_and_none_lost_over_twenty_kills(broker, tmp_path, seed):
    """SIGKILL at seeded moments: all are received once, or recorded as unknown and received at most once."""
    chance = random.Random(seed)
    asyncio.run(make_topics(broker.address))
    records = [message(number, profile=chance.randrange(2**32)) for number in range(MESSAGES)]
    expected = {id_of(record) for record in records}
    produce(broker.address, records)
    mailbox = Mailbox(delay=0.003)
    mailbox.start()
    settings = {
        "WINBACK_DISPATCH_SMTP": f"127.0.0.1:{mailbox.port}", "WINBACK_DISPATCH_CONCURRENCY": str(AT_ONCE),
        "WINBACK_DISPATCH_INSTANCE": "one", "WINBACK_COMMIT_INTERVAL": "0.2",
    }  # fmt: skip
    try:
        for _ in range(KILLS):
            dispatcher = Dispatcher(broker.address, tmp_path / "dispatch.log", **settings)
            try:
                there = len(mailbox.order) + chance.randrange(1, 2 * MESSAGES // (3 * KILLS))
                dispatcher.wait_for(lambda there=there: len(mailbox.order) >= there, "mail to arrive")
                threading.Event().wait(chance.random() * 0.05)
            finally:
                dispatcher.kill()
        last = Dispatcher(broker.address, tmp_path / "dispatch.log", **settings)
        try:
            last.wait_for(lambda: len(outcomes(broker.address)) == MESSAGES, "an entry of each message")
            last.wait_for(lambda: set(outcomes(broker.address).values()) <= {"sent", "unknown"}, "results")
            last.stop()
        finally:
            last.process.kill()
    finally:
        mailbox.stop()
    ended = outcomes(broker.address)
    unknown = {one for one, outcome in ended.items() if outcome == "unknown"}
    received = set(mailbox.received)
    assert max(mailbox.received.values()) == 1
    lost = {one: ended.get(one) for one in expected - received - unknown}
    assert not lost
    assert received <= expected
    assert {one for one, outcome in ended.items() if outcome == "sent"} <= received
    assert len(unknown) <= KILLS * AT_ONCE
    print(f"{len(received)} received, {len(unknown)} unknown, {len(unknown - received)} of them not received")  # noqa: T201


def test_members_that_come_and_go_in_order_leave_nothing_unknown(broker, tmp_path):
    """Two dispatchers of one group, each stopped and started while mail flows: every message once, none unknown."""
    asyncio.run(make_topics(broker.address))
    records = [message(number, profile=number * 0x01234567 % 2**32) for number in range(MESSAGES)]
    produce(broker.address, records)
    mailbox = Mailbox(delay=0.005)
    mailbox.start()
    settings = {"WINBACK_DISPATCH_SMTP": f"127.0.0.1:{mailbox.port}", "WINBACK_DISPATCH_CONCURRENCY": str(AT_ONCE)}
    started = [Dispatcher(broker.address, tmp_path / "d0.log", **settings)]
    try:
        for life in range(1, 4):
            there = len(mailbox.order) + MESSAGES // 10
            started[-1].wait_for(lambda there=there: len(mailbox.order) >= there, "mail to arrive")
            started.append(Dispatcher(broker.address, tmp_path / f"d{life}.log", **settings))
            joined = started[-1].log
            started[-1].wait_for(lambda joined=joined: b"delivering" in joined.read_bytes(), "a place in the group")
            started[-2].stop()
        started[-1].wait_for(lambda: len(mailbox.received) == MESSAGES, "the rest")
        started[-1].wait_for(lambda: set(outcomes(broker.address).values()) == {"sent"}, "the last results")
        started[-1].stop()
    finally:
        for one in started:
            one.kill()
        mailbox.stop()
    assert mailbox.received == {id_of(record): 1 for record in records}
