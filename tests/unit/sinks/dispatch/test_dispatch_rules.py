"""The rules of delivery that need no server: ledger, outcomes, suppressions, breaker, back-off, queues, offsets."""

from __future__ import annotations

from itertools import permutations

import orjson
import pytest

from schemas import times
from schemas.identifiers import Hasher
from sinks.dispatch import ledger
from sinks.dispatch.backoff import pause
from sinks.dispatch.breaker import CLOSED, HALF_OPEN, OPEN, Breaker
from sinks.dispatch.ledger import Ledger, read, reduce
from sinks.dispatch.outcomes import Action, Outcome, Recorded, judge
from sinks.dispatch.profile_queues import ProfileQueues
from sinks.dispatch.progress import Progress
from sinks.dispatch.results import records
from sinks.dispatch.suppressions import Suppressions
from tests.support.messages import HOUR, NOW, claim, done, message

HASHER = Hasher("rules")
RELEASED = claim(state=ledger.RELEASED, tries=1)


@pytest.mark.parametrize(
    ("known", "new", "left"),
    [
        (None, claim(), "new"),
        (claim(), claim("b"), "known"),
        (claim(), claim("b", after="a"), "new"),
        (claim("c"), claim("b", after="a"), "known"),
        (claim(), RELEASED, "new"),
        (claim("b"), RELEASED, "known"),
        (RELEASED, claim("b"), "new"),
        (claim(), done("sent", "b"), "new"),
        (done("sent"), claim("b", after="a"), "known"),
        (done("sent"), RELEASED, "known"),
        (done("sent"), done("unknown", "b"), "known"),
        (done("unknown", "b"), done("sent"), "new"),
        (done("expired"), done("sent"), "known"),
    ],
)
def test_of_two_entries(known, new, left):
    """Which of a message's entries counts after the next: first claims, takeovers by name, definite outcomes."""
    assert reduce(known, new) is (new if left == "new" else known)


def test_an_entry_reads_as_it_was_written():
    """Every field survives the topic; what is no entry is none."""
    entry = claim(tries=2, unclear=True, down=True, after="z")
    assert read(entry.record("1" * 32)) == entry
    ended = done("bounced", reason="smtp_550")
    assert read(ended.record("1" * 32), old=True) == ended._replace(old=True)
    for bad in (b"", b"[]", b"{}", b'{"state":"claimed"}', entry.record("1").replace(b"claimed", b"odd")):
        assert read(bad) is None


def test_the_ledger_forgets_what_is_long_over():
    """An entry is remembered for a day after its message's end, and no longer."""
    book = Ledger(NOW)
    book.apply("m", claim().record("m"))
    book.apply("old", claim(expires_at=NOW - 25 * HOUR).record("old"))
    book.apply("m", None)
    assert list(book.entries) == ["m"]
    book.prune(NOW + 24 * HOUR)
    assert list(book.entries) == ["m"]
    book.prune(NOW + 25 * HOUR)
    assert not book.entries


UNCLEAR = claim(state=ledger.RELEASED, unclear=True)


@pytest.mark.parametrize(
    ("entry", "how", "verdict"),
    [
        (None, {}, Action.SEND),
        (claim("me"), {}, Action.SEND),
        (RELEASED, {}, Action.SEND),
        (done("sent"), {"suppressed": "converted"}, Recorded(done("sent"))),
        (None, {"now": NOW + 25 * HOUR}, Action.NOTHING),
        (claim(), {}, Action.WAIT),
        (claim(), {"suppressed": "converted"}, Action.WAIT),
        (claim(), {"alone": True}, Outcome("unknown", "claimed")),
        (claim(old=True), {}, Outcome("unknown", "claimed")),
        (claim(old=True), {"repeatable": True}, Action.SEND),
        (claim(old=True), {"repeatable": True, "suppressed": "converted"}, Outcome("unknown", "converted")),
        (claim(old=True), {"repeatable": True, "now": NOW + HOUR}, Outcome("unknown", "expired")),
        (None, {"suppressed": "exited"}, Outcome("cancelled", "exited")),
        (UNCLEAR, {"suppressed": "exited"}, Outcome("unknown", "exited")),
        (None, {"now": NOW + HOUR - 1}, Action.SEND),
        (None, {"now": NOW + HOUR}, Outcome("expired", None)),
        (None, {"now": NOW + HOUR, "down": True}, Outcome("channel_down", None)),
        (claim(state=ledger.RELEASED, down=True), {"now": NOW + HOUR}, Outcome("channel_down", None)),
        (UNCLEAR, {"now": NOW + HOUR, "down": True}, Outcome("unknown", "expired")),
    ],
)
def test_judge(entry, how, verdict):
    """The action or outcome of a message follows from ledger, suppressions, channel and time."""
    given = {"owner": "me", "suppressed": None, "down": False, "now": NOW, "repeatable": False, **how}
    assert judge(message(), entry, **given) == verdict


def test_no_address_is_no_message_but_for_broadcast():
    """A message without an address fails; a billboard needs none."""
    given = {"owner": "me", "suppressed": None, "down": False, "now": NOW, "repeatable": True}
    assert judge(message(to=None), None, **given) == Outcome("failed", "no_address")
    assert judge(message(channel="broadcast", to=None), None, **given) is Action.SEND


def test_what_bars_a_message():
    """A cancelled decision of this message, an order since its trigger (later, where an order was one), an erasure."""
    suppressions, one = Suppressions(HASHER), message()
    row = {"outcome": "cancelled", "reason": "exited", "message_id": "f" * 32}
    suppressions.decision(b"p", orjson.dumps(row), NOW)
    suppressions.decision(b"p", orjson.dumps({**row, "outcome": "sent", "message_id": one.message_id}), NOW)
    assert suppressions.reason(one) is None
    suppressions.decision(b"p", orjson.dumps({**row, "message_id": one.message_id}), NOW)
    assert (suppressions.reason(one), suppressions.is_cancelled(one)) == ("exited", True)
    for at, why in ((one.trigger_at - 1, None), (one.trigger_at, "converted"), (one.trigger_at - 5, "converted")):
        order = {"profile_id": one.profile_id, "at": times.iso(at)}
        suppressions.conversion(one.profile_id.encode(), orjson.dumps(order), NOW)
        assert suppressions.reason(message(2)) == why
    thanks = {"type": "order_completed", "at": times.iso(one.trigger_at)}
    assert suppressions.reason(message(3, trigger=thanks)) is None
    assert not suppressions.is_cancelled(message(2))
    suppressions.prune(NOW + 1)
    assert suppressions.reason(one) is None
    suppressions.conversion(one.profile_id.encode(), None, NOW)
    assert suppressions.reason(one) == "erased"


def said(hashed, channel, *, suppressed, topic=None, known=NOW):
    """Key and value of a record about an address, which decisions know from `known` on."""
    row = {"address_hash": hashed, "channel": channel, "topic": topic, "suppressed": suppressed, "reason": "bounced"}
    return hashed.encode(), orjson.dumps({**row, "since": times.iso(NOW), "known_at": times.iso(known)})


def test_an_address_that_has_said_no_bars_every_message_to_it():
    """Whoever it is for, on its channel alone, until a yes lifts it; what is written of it outlives `prune`."""
    suppressions = Suppressions(HASHER)
    mail = HASHER("email", "c1@example.com")
    suppressions.address(*said(mail, "email", suppressed=True))
    suppressions.prune(NOW + HOUR)
    assert [suppressions.reason(message(1, profile=profile)) for profile in (1, 2)] == ["no_consent"] * 2
    assert suppressions.reason(message(2)) is None
    assert suppressions.reason(message(1, "ads", to="c1@example.com")) is None
    suppressions.address(*said(mail, "email", suppressed=False))
    assert suppressions.reason(message(1)) is None
    suppressions.address(*said(mail, "email", suppressed=True))
    suppressions.address(mail.encode(), None)
    assert suppressions.reason(message(1)) is None


@pytest.mark.parametrize(("known", "why"), [(-1, None), (0, "no_consent"), (HOUR, "no_consent")])
def test_what_a_decision_has_known_of_does_not_bar_its_message(known, why):
    """Who has said yes since is written to: only what came to light at the decision or later is looked at last."""
    suppressions = Suppressions(HASHER)
    suppressions.address(*said(HASHER("email", "c1@example.com"), "email", suppressed=True, known=NOW + known))
    assert suppressions.reason(message(1)) == why


@pytest.mark.parametrize("cancelled", [True, False])
def test_what_the_last_look_has_found_is_a_row_unless_there_is_one(cancelled):
    """`cancelled`, `no_consent`, with the message's id; its own id is the same whenever it is written."""
    end = done("cancelled", reason="no_consent")
    rows = [orjson.loads(out.value) for out in records(message(), end, 4, cancelled=cancelled)]
    assert rows == [orjson.loads(out.value) for out in records(message(), end, 4, cancelled=cancelled)]
    assert [(row["outcome"], row["reason"], row["message_id"]) for row in rows] == (
        [] if cancelled else [("cancelled", "no_consent", message().message_id)]
    )


def test_breaker_opens_tries_one_and_closes():
    """Closed until three failures in a row; one message after the pause; twice the pause when that fails too."""
    breaker = Breaker(3, 10.0)
    for _ in range(2):
        breaker.failure(0.0)
    breaker.success()
    for _ in range(3):
        assert (breaker.state, breaker.wait(0.0)) == (CLOSED, 0.0)
        breaker.failure(0.0)
    assert (breaker.state, breaker.wait(4.0)) == (OPEN, 6.0)
    breaker.failure(5.0)  # one that was under way: it changes nothing
    assert breaker.wait(10.0) == 0.0
    breaker.begin()
    assert breaker.state == HALF_OPEN
    assert breaker.wait(10.0) > 0
    breaker.abandon()
    assert breaker.wait(10.0) == 0.0
    breaker.begin()
    breaker.failure(10.0)
    assert (breaker.wait(10.0), breaker.wait(30.0)) == (20.0, 0.0)
    breaker.begin()
    breaker.success()
    assert (breaker.state, breaker.wait(30.0)) == (CLOSED, 0.0)


def test_pauses_double_and_spread_without_chance():
    """Between half and all of first x 2^(n-1), never more than the longest, the same for the same message."""
    for tries in range(1, 40):
        whole = min(300.0, 2.0 ** (tries - 1))
        found = [pause(tries, first=1.0, longest=300.0, salt=str(n)) for n in range(20)]
        assert all(whole / 2 <= one <= whole for one in found)
        assert len(set(found)) == 20
        assert found[3] == pause(tries, first=1.0, longest=300.0, salt="3")


def test_lanes_keep_the_order_of_a_profile():
    """One after another, whatever the channel; one that is parked lets others pass, but none on its own channel."""
    queues = ProfileQueues()
    woken = []
    one, two, three, other = (
        queues.enter(profile, channel, lambda at=at: woken.append(at))
        for at, (profile, channel) in enumerate([("p", "email"), ("p", "sms"), ("p", "email"), ("q", "email")])
    )
    assert [queues.free(place) for place in (one, two, three, other)] == [True, False, False, True]
    queues.park(one, parked=True)
    assert 1 in woken
    assert [queues.free(place) for place in (one, two, three)] == [True, True, False]
    queues.leave(two)
    assert not queues.free(three)
    queues.leave(one)
    assert queues.free(three)
    queues.leave(three)
    assert queues.free(other)


def test_a_message_passes_all_that_stands_still_on_another_channel():
    """Two mails wait for their server, the second behind the first: an SMS waits for neither, nor does the next one."""
    queues = ProfileQueues()
    mail, more_mail, sms, more_sms = (queues.enter("p", channel) for channel in ("email", "email", "sms", "sms"))
    queues.park(mail, parked=True)
    assert [queues.free(place) for place in (more_mail, sms, more_sms)] == [False, True, False]
    queues.park(mail, parked=False)
    assert [queues.free(place) for place in (more_mail, sms)] == [False, False]


@pytest.mark.parametrize(("asleep", "free"), [(True, True), (False, False)])
def test_what_is_part_of_a_deal_passes_what_sleeps(asleep, free):
    """Also what stands behind it, but nothing that waits for a server, and no other deal."""
    queues = ProfileQueues()
    first, second = queues.enter("p", "email"), queues.enter("p", "email")
    deal, another = (queues.enter("p", "email", deal=True) for _ in range(2))
    sms = queues.enter("p", "sms")
    queues.park(first, parked=True, asleep=asleep)
    assert [queues.free(place) for place in (second, deal, another, sms)] == [False, free, False, not free]
    queues.leave(deal)
    assert (queues.free(another), queues.free(sms)) == (free, not free)
    queues.leave(another)
    assert queues.free(sms)
    queues.park(second, parked=True)
    assert not queues.free(queues.enter("p", "email", deal=True))


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_offsets_are_committed_in_order_whatever_ends_first(order):
    """The offset to commit is the first without a result, at every moment."""
    progress = Progress()
    assert progress.reached is None
    for offset in range(4):
        progress.begin(10 + 2 * offset, NOW + offset)
    ended = set()
    for at in order:
        first = next(n for n in range(4) if n not in ended)
        assert (progress.reached, progress.since) == (10 + 2 * first, NOW + first)
        progress.finish(10 + 2 * at)
        ended.add(at)
    assert (progress.reached, progress.since, len(progress)) == (17, None, 0)
