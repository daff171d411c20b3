"""The ledger as a process knows it: what it wrote itself and what it reads come together in the order of the log."""

from __future__ import annotations

import asyncio
import random
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from schemas.settings import Settings
from schemas.topics import RETARGETING_DELIVERIES
from sinks.dispatch import ledger
from sinks.dispatch.ledger import Ledger
from sinks.dispatch.tail import Tail
from tests.support.messages import HOUR, NOW, OwnTime, claim, done

LEDGER = TopicPartition(RETARGETING_DELIVERIES, 0)


def record(offset, message_id, entry):
    """A record of the ledger as it is read."""
    return SimpleNamespace(offset=offset, key=message_id.encode(), value=entry.record(message_id), timestamp=NOW)


@pytest.mark.parametrize("seed", range(50))
async def test_own_entries_count_without_being_read_but_never_too_early(seed):
    """Acknowledgements come in any order, records when they come; nothing is known past the first gap."""
    chance = random.Random(seed)
    log = [
        (chance.choice("xyz"), chance.choice([claim, lambda o: done("sent", o)])(chance.choice(["me", "other"])))
        for _ in range(12)
    ]
    own = [at for at, (_, entry) in enumerate(log) if entry.owner == "me"]
    chance.shuffle(own)
    tail = Tail(Settings(), [0], OwnTime())
    tail._at[LEDGER], tail._olds[LEDGER] = 0, 0
    read, known = 0, set()
    while read < len(log):
        if own and chance.random() < 0.5:
            at = own.pop()
            tail.wrote(log[at][0], 0, at, log[at][1])
            known.add(at)
        else:
            tail._apply(LEDGER, record(read, *log[read]))
            read += 1
        known |= set(range(read))
        reached = next(at for at in range(len(log) + 1) if at not in known)
        wanted = Ledger(NOW)
        for message_id, entry in log[:reached]:
            wanted.take(message_id, entry)
        assert tail._at[LEDGER] >= read
        assert tail._at[LEDGER] <= reached
        assert tail.ledger.entries == wanted.entries or tail._at[LEDGER] < reached
    for at in own:
        tail.wrote(log[at][0], 0, at, log[at][1])
    assert tail._at[LEDGER] == len(log)
    assert all(entry.state in (ledger.CLAIMED, ledger.DONE) for entry in tail.ledger.entries.values())


class Broker:
    """Offsets by time for the tail, an hour a record; `seeks` has where it was sent to."""

    def __init__(self):
        self.seeks, self.asked = [], 0

    async def offsets_for_times(self, times):
        self.asked += 1
        await asyncio.sleep(0)
        return {tp: SimpleNamespace(offset=max(0, 100 + (at - NOW) // HOUR)) for tp, at in times.items()}

    def seek(self, tp, offset):
        self.seeks.append((tp, offset))


async def test_what_may_bar_an_older_message_is_read_before_it_goes():
    """Nobody goes on before the topics have been wound back; once for all who ask; again after it was forgotten."""
    tail, broker = Tail(Settings(), [0], OwnTime()), Broker()
    tail._asker = tail._reader = broker
    tail._at = dict.fromkeys(tail._others, 100)
    went = []

    async def covered(at):
        await tail.cover(at)
        went.append(dict(tail._at))

    await asyncio.gather(covered(NOW - 5 * HOUR), covered(NOW - 2 * HOUR), covered(NOW + 2 * HOUR))
    assert broker.asked == 1
    assert went[0] == dict.fromkeys(tail._others, 100)  # nothing had to be known for a message of later
    assert went[1:] == [dict.fromkeys(tail._others, 94)] * 2
    assert dict(broker.seeks) == dict.fromkeys(tail._others, 94)
    await tail.cover(NOW - 5 * HOUR)
    assert broker.asked == 1
    tail.prune(NOW, NOW)
    await tail.cover(NOW - 5 * HOUR)
    assert broker.asked == 2


async def test_records_that_cannot_be_read_stop_nobody():
    """A value that is no JSON, or no key: the next record counts."""
    tail = Tail(Settings(), [0], OwnTime())
    tail._at[LEDGER], tail._olds[LEDGER] = 0, 2
    tail._apply(LEDGER, SimpleNamespace(offset=0, key=None, value=b"{", timestamp=NOW))
    tail._apply(TopicPartition("conversions", 0), SimpleNamespace(offset=0, key=b"p", value=b"{", timestamp=NOW))
    tail._apply(LEDGER, record(1, "x", claim()))
    assert tail.entry("x") == claim(old=True)
