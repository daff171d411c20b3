"""What a webhook of audiences is told: by whom a hash is held, who has said no, and what its answers mean."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from aiokafka import TopicPartition

from schemas.audiences import read_key
from schemas.settings import Settings
from schemas.topics import AUDIENCES_MEMBERS
from sinks.dispatch.answers import Answer, Kind
from sinks.dispatch.audiences import rounds, teller
from sinks.dispatch.audiences.members import Age, Hash, Members
from sinks.dispatch.audiences.rounds import Backlog
from sinks.dispatch.audiences.teller import Teller
from tests.support.audiences import hashed, member, said
from tests.support.messages import OwnTime

ONE, TWO = (Hash("undecided", "email", bytes.fromhex(hashed(number))) for number in (1, 2))
HERE, THERE = TopicPartition(AUDIENCES_MEMBERS, 0), TopicPartition(AUDIENCES_MEMBERS, 1)
SETTINGS = Settings(dispatch_failures=2, dispatch_pause=1.0)


def take(members, *records):
    """Records as news, none of which may have been followed by others that are gone."""
    found = []
    for record in records:
        if record.topic == AUDIENCES_MEMBERS:
            some = (members.member(read_key(record.key), record.value),)
        else:
            some = members.said(record.key, record.value)
        found += some
    return found


def test_a_hash_of_two_profiles_is_out_when_both_are():
    """Whichever comes first, as after a merge."""
    members = Members()
    take(members, member(1), member(1, profile=9), member(1, inside=False))
    assert members.belongs(ONE)
    take(members, member(1, inside=False, profile=9))
    assert not members.belongs(ONE)


def test_who_is_in_and_out_again_before_it_was_told_is_told_of_in_no_way():
    """Not even by a removal: the platform need not know the hash of who has said no."""
    members = Members()
    some = take(members, member(1), member(2), said(2), member(1, inside=False))
    assert members.changes(list(dict.fromkeys(some))) == ([], [])


def test_a_no_counts_unless_the_customer_has_said_yes_since():
    """Of somebody with the same address: what was said before the own yes is void, a no of after it is not."""
    members = Members()
    take(members, member(1, agreed_at="2026-01-02T00:00:00.000Z"), said(1, since="2026-01-01T00:00:00.000Z"))
    assert members.belongs(ONE)
    take(members, said(1, since="2026-01-03T00:00:00.000Z"))
    assert not members.belongs(ONE)
    assert take(members, said(1, no=False)) == [ONE]
    assert members.belongs(ONE)


def test_what_is_not_sure_is_told_again():
    """After a restart, of records that have not been told: what came before them may be gone by compaction."""
    members = Members()
    one, two = member(1), member(2, inside=False)
    members.member(read_key(one.key), one.value, Age.TOLD)
    assert members.changes([ONE]) == ([], [])
    for record in (one, two):
        members.member(read_key(record.key), record.value, Age.UNSURE)
    assert members.changes([ONE, TWO]) == ([ONE], [TWO])
    members.know([ONE], inside=True)
    assert members.changes([ONE, TWO]) == ([], [TWO])


def test_a_round_is_bounded_and_can_be_told_again():
    """So many hashes, each once; after a restart the same ones, whatever has come since and in whatever order."""
    backlog = Backlog(2)
    backlog.add(HERE, 0, 5, 1.0, (ONE,))
    assert not backlog.due(1.5, 1.0)
    assert backlog.due(2.0, 1.0)
    backlog.add(THERE, 7, 6, 1.0, (TWO,))
    backlog.add(HERE, 1, 7, 1.0, (ONE,))
    backlog.add(HERE, 2, 8, 1.0, (Hash("other", "email", b"f"),))
    assert backlog.due(1.0, 1.0)
    first = backlog.take()
    assert (first.upto, first.audiences, first.oldest) == ({HERE: 2, THERE: 8}, {"undecided": [ONE, TWO]}, 5)
    assert backlog.size == 1
    first.done.add(rounds.tag("undecided"))
    stored = first.begun({HERE: 0, THERE: 7})
    assert [offset for offset, _ in stored.values()] == [0, 7]
    upto = {tp: rounds.read(metadata)[0] for tp, (_, metadata) in stored.items()}
    again = Backlog(2)
    again.add(THERE, 7, 6, 1.0, (TWO,))
    again.add(THERE, 8, 6, 1.0, (Hash("other", "email", b"e"),))
    again.add(HERE, 0, 5, 1.0, (ONE,))
    again.add(HERE, 1, 7, 1.0, (ONE,))
    found = again.again(upto, rounds.read(stored[HERE][1])[1])
    assert found.upto == first.upto
    assert {name: sorted(some) for name, some in found.audiences.items()} == {"undecided": sorted([ONE, TWO])}
    assert found.done == first.done
    assert again.size == 1
    assert rounds.read("") is rounds.read("{}") is rounds.read("[1]") is None


class Hook:
    """Answers in turn, then takes all. `meanwhile`: records that come before the next try."""

    def __init__(self, members, *answers, meanwhile=()):
        self._members, self._answers, self._meanwhile = members, list(answers), meanwhile
        self.requests, self.kept = [], []

    async def post(self, key, body, _at):
        self.requests.append((key, orjson.loads(body)))
        take(self._members, *self._meanwhile)
        return self._answers.pop(0) if self._answers else Answer(Kind.ACCEPTED, "http_200")

    async def keep(self, key, reason):
        self.kept.append((key, reason))


def tell(members, hook, some):
    """Tell these hashes; returns the seconds that it took by its own clock."""

    async def look():
        pass

    async def run():
        timing = OwnTime()
        begin = timing.monotonic()
        one = Teller("meta", hook, members, SETTINGS, timing, look, hook.keep)
        await one.tell("undecided", some, "place")
        return timing.monotonic() - begin

    return asyncio.run(run())


def test_a_webhook_that_cannot_is_asked_again_under_one_key():
    """As long as it takes, after at least what Retry-After asks for; a missing page is its fault, and no member's."""
    members = Members()
    take(members, member(1))
    down = [Answer(Kind.DOWN, "http_429", 120.0), Answer(Kind.UNCLEAR, "timeout"), Answer(Kind.ADDRESS, "http_404")]
    hook = Hook(members, *down)
    assert tell(members, hook, [ONE]) >= 120
    assert len(hook.requests) == 4
    assert len({key for key, _ in hook.requests}) == 1
    assert members.changes([ONE]) == ([], [])


@pytest.mark.parametrize(("answer", "removed"), [
    (Answer(Kind.UNCLEAR, "timeout"), [hashed(1)]),
    (Answer(Kind.DOWN, "connect"), []),
])  # fmt: skip
def test_who_says_no_while_it_is_down_is_not_added(answer, removed):
    """The next try says so under another key, or it would be dropped as a repeat; what may have come is removed."""
    members = Members()
    take(members, member(1), member(2))
    hook = Hook(members, answer, meanwhile=[said(1)])
    tell(members, hook, [ONE, TWO])
    (first, before), (second, after) = hook.requests
    assert first != second
    assert {one["sha256"] for one in before["add"]} == {hashed(1), hashed(2)}
    assert [one["sha256"] for one in after["add"]] == [hashed(2)]
    assert [one["sha256"] for one in after["remove"]] == removed


def test_who_was_told_and_leaves_is_removed_once():
    """A removal that was answered is not made again."""
    members = Members()
    take(members, member(1))
    hook = Hook(members)
    tell(members, hook, [ONE])
    tell(members, hook, take(members, member(1, inside=False)))
    tell(members, hook, [ONE])
    assert [(len(body["add"]), len(body["remove"])) for _, body in hook.requests] == [(1, 0), (0, 1)]


def test_a_webhook_that_refuses_everything_is_not_asked_for_each_member():
    """After so many refusals what is left is refused whole; each refusal is kept."""
    members = Members()
    some = take(members, *(member(number) for number in range(2_000)))
    hook = Hook(members, *[Answer(Kind.REFUSED, "http_400")] * 5_000)
    tell(members, hook, some)
    assert len(hook.requests) < 2 * teller.MOST_REFUSED
    assert {reason for _, reason in hook.kept} == {"http_400"}
    assert members.changes(some) == ([], [])
