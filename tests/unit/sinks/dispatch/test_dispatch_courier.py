"""Delivering one message after another, and couriers that die and meet: over one log, nothing is mailed twice."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from contextlib import suppress

import pytest

from schemas import times
from schemas.identifiers import Hasher
from schemas.settings import Settings
from sinks.dispatch import ledger
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.breaker import OPEN, Breaker
from sinks.dispatch.channels import Channel
from sinks.dispatch.courier import Courier
from sinks.dispatch.domain_caps import DomainCaps
from sinks.dispatch.ledger import Ledger
from sinks.dispatch.suppressions import Suppressions
from tests.support.messages import HOUR, NOW, OwnTime, message

SETTINGS = Settings(dispatch_attempts=3, dispatch_failures=2, dispatch_open=10.0, dispatch_pause=1.0)
PATIENT = 2_000
"""Most turns of the loop that a seeded run may take."""


class Log:
    """A partition of the ledger, and what was written beside it."""

    def __init__(self):
        self.entries, self.beside = [], []


class Reader:
    """The facts of one courier, read off the log; everything takes a few turns of the loop, as chance has it."""

    def __init__(self, log, chance=None):
        self.log, self.chance, self.suppressions = log, chance, Suppressions(Hasher("courier"))
        self.ledger, self.read, self.old = Ledger(NOW), 0, len(log.entries)
        self.catch_up()

    def catch_up(self):
        for at, (message_id, entry) in enumerate(self.log.entries[self.read :], self.read):
            self.ledger.take(message_id, entry._replace(old=at < self.old))
        self.read = len(self.log.entries)

    async def turns(self):
        for _ in range(self.chance.randrange(4) if self.chance else 0):
            await asyncio.sleep(0)

    def entry(self, message_id):
        return self.ledger.entries.get(message_id)

    def wrote(self, message_id, partition, offset, entry):
        pass

    async def cover(self, at):
        pass

    async def caught_up(self, partition, offset):
        await self.turns()
        self.catch_up()

    async def entry_changed(self, message_id, entry, timing, seconds):
        for _ in range(self.chance.randrange(30) if self.chance else 1):
            await asyncio.sleep(0)
            self.catch_up()

    async def write(self, message_id, partition, entry, beside=()):
        await self.turns()
        self.log.entries.append((message_id, entry))
        self.log.beside.extend(beside)
        offset = len(self.log.entries) - 1
        await self.turns()
        return offset

    async def repeat(self, outs):
        self.log.beside.extend(outs)


class Sender:
    """Says what it is told to, one answer after another, and remembers what went out."""

    longest = 1000.0

    def __init__(self, answers, *, repeatable=False, reader=None):
        self.answers, self.repeatable, self.reader = answers, repeatable, reader
        self.went, self.tried = [], []

    async def send(self, sent, at):
        self.tried.append(sent.message_id)
        answer = self.answers.pop(0) if isinstance(self.answers, list) else self.answers()
        if answer.kind in (Kind.ACCEPTED, Kind.UNCLEAR):
            self.went.append(sent.message_id)
        if self.reader is not None:
            await self.reader.turns()
        return answer


def answer(kind, wait=0.0):
    """An answer of a server."""
    return Answer(kind, kind.value, wait)


def courier(log, senders, *, owner="a", chance=None, time=None, settings=SETTINGS):
    """A courier over a log; its finished items are in `courier.over`."""
    reader, over = Reader(log, chance), []
    channels = {
        name: Channel(name, sender, Breaker(SETTINGS.dispatch_failures, SETTINGS.dispatch_open), asyncio.Semaphore(2))
        for name, sender in senders.items()
    }
    for sender in senders.values():
        sender.reader = reader
    made = Courier(owner, channels, reader, reader, settings, time or OwnTime(), over.append)
    made.over = over
    return made


def states(log):
    """What the log says of each message."""
    book = Ledger(NOW)
    for message_id, entry in log.entries:
        book.take(message_id, entry)
    return {one: entry.outcome or entry.state for one, entry in book.entries.items()}


async def deliver(made, *messages):
    """Give messages to a courier, and wait for their end."""
    items = [made.item(one, 0, at, NOW) for at, one in enumerate(messages)]
    await asyncio.wait_for(asyncio.gather(*(made.deliver(item) for item in items)), 10)
    assert len(made.over) == len(items)


@pytest.mark.parametrize(
    ("answers", "repeatable", "outcome", "tried"),
    [
        ([Kind.ACCEPTED], False, "sent", 1),
        ([Kind.DEFERRED, Kind.ACCEPTED], False, "sent", 2),
        ([Kind.DEFERRED] * 3, False, "failed", 3),
        ([Kind.ADDRESS], False, "bounced", 1),
        ([Kind.REFUSED], False, "failed", 1),
        ([Kind.UNCLEAR], False, "unknown", 1),
        ([Kind.UNCLEAR, Kind.DOWN, Kind.ACCEPTED], True, "sent", 3),
        ([Kind.DOWN] * 8 + [Kind.ACCEPTED], False, "sent", 9),
    ],
)
async def test_tries_come_to_an_outcome(answers, repeatable, outcome, tried):
    """What is tried again, how often, and what is in the ledger then; a claim comes before each try."""
    log, sender = Log(), Sender([answer(kind) for kind in answers], repeatable=repeatable)
    await deliver(courier(log, {"email": sender}), message())
    assert list(states(log).values()) == [outcome]
    assert len(sender.tried) == tried == sum(entry.state == ledger.CLAIMED for _, entry in log.entries)


async def test_while_a_channel_is_down_nothing_is_tried_and_messages_expire():
    """The breaker opens after two failures; then one try for each pause; who expires ends channel_down, with a row."""
    log, time = Log(), OwnTime()
    sender = Sender(lambda: answer(Kind.DOWN))
    made = courier(log, {"email": sender}, time=time)
    await deliver(made, *(message(number, profile=number, ttl=120_000) for number in range(1, 6)))
    assert set(states(log).values()) == {"channel_down"}
    assert made.channels["email"].breaker.state == OPEN
    assert len(sender.tried) <= 2 + 2 + 5  # to open it, what was under way then, and 10, 20, 40, 80 s after
    assert [out.topic for out in log.beside] == ["retargeting.decisions"] * 5


async def test_a_message_for_another_channel_passes_one_that_waits():
    """An SMS of the same customer does not wait for the mail server."""
    log = Log()
    mail = Sender([answer(Kind.DOWN)] * 2 + [answer(Kind.ACCEPTED)])
    sms = Sender([answer(Kind.ACCEPTED)])
    made = courier(log, {"email": mail, "sms": sms})
    await deliver(made, message(1), message(2, "sms"))
    assert set(states(log).values()) == {"sent"}
    assert [item.message.channel for item in made.over] == ["sms", "email"]


async def test_greylisting_passes_with_the_settings_as_they_come():
    """A mailbox that defers for four hours less a minute has its mail; one that always does ends failed after that."""
    settings, time = Settings(), OwnTime()
    sender = Sender(lambda: answer(Kind.ACCEPTED if time.seconds >= 4 * 3_600 - 60 else Kind.DEFERRED))
    for number in range(1, 9):
        log, time.seconds = Log(), 0.0
        made = courier(log, {"email": sender}, time=time, settings=settings)
        await deliver(made, message(number, ttl=24 * HOUR))
        assert set(states(log).values()) == {"sent"}
    log, sender = Log(), Sender(lambda: answer(Kind.DEFERRED))
    await deliver(courier(log, {"email": sender}, time=time, settings=settings), message(ttl=24 * HOUR))
    assert set(states(log).values()) == {"failed"}
    assert len(sender.tried) == settings.dispatch_attempts


@pytest.mark.parametrize(("down", "sent_at"), [(1, 1), (12, 20), (30, 30), (37, 44)])
async def test_nothing_is_sent_at_night(down, sent_at):
    """What could not be sent by day, because the channel was down, waits for the end of the customer's quiet hours."""
    log, time, went = Log(), OwnTime(), []
    sender = Sender(lambda: answer(Kind.ACCEPTED if time.seconds >= down * 3_600 else Kind.DOWN))
    made = courier(log, {"email": sender}, time=time)
    night = {"quiet_from": times.iso(NOW + 8 * HOUR), "quiet_until": times.iso(NOW + 20 * HOUR)}
    await deliver(made, message(ttl=48 * HOUR, **night))
    went = next(entry.at for _, entry in log.entries if entry.outcome == "sent")
    assert set(states(log).values()) == {"sent"}
    assert 0 <= went - NOW - sent_at * HOUR < HOUR / 4


async def test_a_message_that_expires_at_night_is_not_sent():
    """It does not wait for the morning."""
    log, sender = Log(), Sender([])
    night = {"quiet_from": times.iso(NOW), "quiet_until": times.iso(NOW + 3 * HOUR)}
    await deliver(courier(log, {"email": sender}), message(ttl=2 * HOUR, **night))
    assert set(states(log).values()) == {"expired"}


async def test_a_night_does_not_shorten_the_pause_of_a_mailbox():
    """It falls while the mailbox is asked, and is over before the mailbox may be asked again."""
    log, time = Log(), OwnTime()
    night = {"quiet_from": times.iso(NOW + 500), "quiet_until": times.iso(NOW + 600_000)}

    def said():
        time.seconds += 1
        return answer(Kind.DEFERRED, 3_600.0) if time.seconds < 3_600 else answer(Kind.ACCEPTED)

    sender = Sender(said)
    await deliver(courier(log, {"email": sender}, time=time), message(ttl=24 * HOUR, **night))
    assert (set(states(log).values()), len(sender.tried)) == ({"sent"}, 2)


async def test_an_order_is_confirmed_at_night_past_a_reminder_that_waits_for_the_morning():
    """A message without quiet hours of its own does not wait for one that has them; two that have keep their order."""
    log, time = Log(), OwnTime()
    night = {"quiet_from": times.iso(NOW), "quiet_until": times.iso(NOW + 8 * HOUR)}
    sender = Sender(lambda: answer(Kind.ACCEPTED))
    made = courier(log, {"email": sender}, time=time)
    reminders = [message(number, ttl=24 * HOUR, **night) for number in (1, 2)]
    await deliver(made, *reminders, message(3, ttl=24 * HOUR, transactional=True))
    assert [int(sent, 32) for sent in sender.went] == [3, 1, 2]
    went = {message_id: entry.at for message_id, entry in log.entries if entry.outcome == "sent"}
    assert [(at - NOW) // HOUR for at in went.values()] == [0, 8, 8]


async def test_a_deferred_message_holds_up_no_other_channel():
    """An SMS does not wait for hours for a mailbox, and what rests does not hold up the reading of more."""
    log, resting = Log(), []
    mail = Sender([answer(Kind.DEFERRED), answer(Kind.ACCEPTED)])
    sms = Sender(lambda: (resting.append(made.resting), answer(Kind.ACCEPTED))[1])
    made = courier(log, {"email": mail, "sms": sms})
    await deliver(made, message(1), message(2, "sms"))
    assert set(states(log).values()) == {"sent"}
    assert [item.message.channel for item in made.over] == ["sms", "email"]
    assert (resting, made.resting) == ([1], 0)


class Watched(DomainCaps):
    """Caps that remember when each message of a domain began its try."""

    def __init__(self, limit):
        super().__init__(limit)
        self.begun = defaultdict(list)

    def take(self, domain, now):
        super().take(domain, now)
        self.begun[domain].append(now)


async def test_a_domain_gets_no_more_a_minute_than_its_cap():
    """Mails to one domain wait for their minute without a slot; those to another do not wait."""
    log, caps = Log(), Watched(2)
    made = courier(log, {"email": Sender(lambda: answer(Kind.ACCEPTED))})
    made.channels["email"].caps = caps
    full = [message(number, profile=number, ttl=24 * HOUR) for number in range(1, 8)]
    await deliver(made, *full, message(9, profile=9, to="a@Other.example"))
    assert set(states(log).values()) == {"sent"}
    begun = caps.begun["example.com"]
    assert (len(begun), begun[:2], caps.begun["other.example"]) == (7, [0, 0], [0])
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(begun, begun[2:], strict=False))


async def test_a_cap_holds_when_a_server_comes_back():
    """What has waited for the server for an hour does not go all at once, and tries that fail count, too."""
    log, time, caps = Log(), OwnTime(), Watched(2)
    made = courier(
        log, {"email": Sender(lambda: answer(Kind.DOWN if time.seconds < 3_600 else Kind.ACCEPTED))}, time=time
    )
    made.channels["email"].caps = caps
    await deliver(made, *(message(number, profile=number, ttl=24 * HOUR) for number in range(1, 12)))
    assert set(states(log).values()) == {"sent"}
    begun = caps.begun["example.com"]
    assert sum(at >= 3_600 for at in begun) >= 11 - 2  # what two slots had begun before it came back
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(begun, begun[2:], strict=False))


async def test_a_server_that_asks_for_time_gets_it():
    """Retry-After is longer than the pause of our own."""
    log, time = Log(), OwnTime()
    sender = Sender([answer(Kind.DOWN, 600.0), answer(Kind.ACCEPTED)], repeatable=True)
    await deliver(courier(log, {"sms": sender}, time=time), message(channel="sms"))
    assert time.seconds >= 600


async def test_what_is_barred_between_two_tries_does_not_go():
    """The last look comes after the claim: a decision that was written meanwhile counts."""
    log, sender = Log(), Sender([answer(Kind.ACCEPTED)])
    made = courier(log, {"email": sender})
    reader = made.facts

    async def caught_up(partition, offset):
        reader.catch_up()
        reader.suppressions.decision(
            b"p", b'{"outcome":"cancelled","message_id":"%s"}' % message().message_id.encode(), NOW
        )

    reader.caught_up = caught_up
    await deliver(made, message())
    assert (states(log), sender.tried) == ({message().message_id: "cancelled"}, [])


async def test_a_result_that_is_known_is_told_again_and_nothing_is_sent():
    """A message that is read again has its result; what may be missing beside it is written once more."""
    log, sender = Log(), Sender([answer(Kind.ACCEPTED)])
    await deliver(courier(log, {"email": sender}), message())
    written, told = len(log.entries), list(log.beside)
    await deliver(courier(log, {"email": sender}, owner="b"), message())
    assert (len(sender.tried), len(log.entries)) == (1, written)
    assert log.beside == [*told, *told]


@pytest.mark.parametrize("repeatable", [False, True])
@pytest.mark.parametrize("seed", range(60))
async def test_couriers_that_die_and_meet_mail_nothing_twice(seed, repeatable):
    """Two couriers over the same messages, killed and replaced at chance moments, every await as long as chance has it.

    Mail may have gone at most once each; a webhook may get a message again, but each ends; and what is recorded as
    sent has gone, what is recorded as anything but sent or unknown has not.
    """
    chance, log, went = random.Random(seed), Log(), []
    kinds = [Kind.ACCEPTED] * 4 + [Kind.DEFERRED, Kind.DOWN, Kind.UNCLEAR, Kind.ADDRESS]
    messages = [message(number, profile=number % 4) for number in range(8)]

    def start(name):
        sender = Sender(lambda: answer(chance.choice(kinds)), repeatable=repeatable)
        sender.went = went
        made = courier(log, {"email": sender}, owner=name, chance=chance)
        items = [made.item(one, 0, at, NOW) for at, one in enumerate(messages)]
        return made, [asyncio.ensure_future(made.deliver(item)) for item in items]

    async def kill(running):
        made, tasks = running
        doomed = [*tasks, *made.trying]
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)

    running = [start("a0"), start("b0")]
    for life in range(1, 5):
        for _ in range(chance.randrange(PATIENT // 40)):
            await asyncio.sleep(0)
        victim = chance.randrange(2)
        await kill(running[victim])
        running[victim] = start(f"{'ab'[victim]}{life}")
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*(task for _, tasks in running for task in tasks)), 20)
    ended = states(log)
    assert set(ended) == {one.message_id for one in messages}
    assert set(ended.values()) <= {"sent", "unknown", "bounced", "failed", "expired", "channel_down"}
    for one, outcome in ended.items():
        assert repeatable or went.count(one) <= 1
        assert outcome != "sent" or one in went
        assert repeatable or outcome in ("sent", "unknown") or one not in went
