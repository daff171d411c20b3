"""Splits and erasures between links, against the oracle: identify alone, in thousands of small worlds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from schemas.identifiers import DEVICE_LIKE, Hasher, Identifier, strongest_first
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, IDENTITY_MERGES
from streams.core.identify import Identify
from streams.core.identity.graph import Policy
from streams.core.protocol import link_log
from streams.core.protocol.records import links_out
from streams.logs import Logs
from streams.runtime.state.store import MemoryBase, PartitionStore, Position
from tests.oracle import identity
from tests.oracle.claims import HALF_AN_HOUR, Claims
from tests.oracle.run import SECRET
from tests.support.weak_evidence import NUMBERS, loosely

HASHER = Hasher(SECRET)
TOPIC = "channels.web"
TYPES = (("user_id", 3), ("email", 4), ("loyalty", 2), ("device_id", 2), ("push_token", 2), ("anonymous_id", 4))
POOL = [Identifier(type_, f"{type_}{n}") for type_, count in TYPES for n in range(count)]
POOL += NUMBERS
HASHED = {i: HASHER(*i) for i in POOL}


class Beside:
    """identify and the oracle, told the same things. Time goes in milliseconds; one event a millisecond."""

    def __init__(self, device: Any) -> None:
        self.policy = Policy(device=device)
        self.logs = Logs()
        self.store = PartitionStore(MemoryBase())
        self.oracle = identity.Graph(HASHER, device_policy=device)
        self.claims = Claims(self.oracle)
        self.waiting: list[tuple[identity.Key, tuple[Identifier, ...], tuple[Identifier, ...], int]] = []
        self.reached = 0
        self.read = self.requests = 0
        self.retired: set[str] = set()
        self.start()

    def start(self) -> None:
        """Begin, or begin again from what is in the store."""
        self.identify = Identify(self.store, self.logs, partitions=1, policy=self.policy)
        self.identify.load()

    def restart(self) -> None:
        """A unit, and the end of the process."""
        self.identify.flush()
        self.store.settle(Position(0, 0, self.read, 0))
        self.start()

    def tell(self, notice: link_log.LinkLogRecord) -> None:
        """Write a record to identity.links, and let identify read all there is."""
        self.logs.send(links_out(notice))
        log = self.logs.topics[IDENTITY_LINKS][0]
        while self.read < len(log):
            self.read += self.identify.process(log[self.read :])

    def link(self, time: int, identifiers: tuple[Identifier, ...], previous: tuple[Identifier, ...], weak: int) -> None:
        """An event that names several, as ingest sends it."""
        own = (*identifiers[:1], *(i for i in identifiers[1:] if i not in previous))
        hashed = tuple((i.type, HASHER(*i)) for i in (*own, *previous))
        offset = len(self.logs.topics[IDENTITY_LINKS][0])
        self.tell(link_log.Links(TOPIC, 0, (link_log.Link(time, offset, hashed, len(previous), weak),)))
        self.waiting.append(((time, TOPIC, 0, offset), identifiers, previous, weak))
        self.apply()

    def report(self, time: int) -> None:
        """All sources are this far."""
        self.reached = max(self.reached, time)
        sources = tuple((topic, 0, time, 0) for topic in CHANNEL_TOPICS)
        self.tell(link_log.Report(sources, 10**9, time))
        self.apply()

    def apply(self) -> None:
        """The oracle applies what its time has passed."""
        for link in sorted(self.waiting, key=lambda w: w[0]):
            if link[0] < (self.reached,):
                self.waiting.remove(link)
                self.fall_due(link[0])
                list(self.claims.event(link[0], link[1], link[3], link[2], ""))
        self.fall_due((self.reached,))

    def fall_due(self, upto: identity.Key) -> None:
        """What was typed long ago links."""
        while (claim := self.claims.next()) is not None and claim.due < upto:
            list(self.claims.fall_due(claim))

    def ask(self, kind: str, identifier: Identifier, now: int) -> dict[str, Any]:
        """Ask for a split or an erasure; returns identify's receipt."""
        self.requests += 1
        request = f"r{self.requests}"
        before = len(self.logs.topics[IDENTITY_LINKS][0])
        asked = link_log.SplitRequest if kind == "split" else link_log.EraseRequest
        self.tell(asked(request, identifier.type, HASHER(*identifier), now))
        key = (max(now, self.reached) + 1,)
        if kind == "split":
            self.oracle.cut(identifier, key)
            self.claims.drop({identifier})
        else:
            self.claims.drop(self.oracle.erase(identifier, key))
        answers = [orjson.loads(r.value or b"") for r in self.logs.topics[IDENTITY_LINKS][0][before:]]
        (receipt,) = (a for a in answers if a["k"] == "receipt" and a["agent"] == "identify")
        assert receipt["request"] == request
        return dict(receipt)

    def differences(self) -> Iterator[str]:
        """Where they differ, and what must hold of what was written."""
        graph = self.identify.graph
        found = {frozenset(members) for members in graph.members.values() if len(members) > 1}
        want = {frozenset(HASHED[i] for i in cluster) for cluster in self.oracle.clusters()}
        names = {hashed: i.value for i, hashed in HASHED.items()}
        for text, clusters in (("missing", want - found), ("not wanted", found - want)):
            yield from (f"{text}: {' '.join(sorted(names[h] for h in cluster))}" for cluster in clusters)
        beside = {HASHER(*one): HASHER(*user) for one, (user, _) in self.oracle.beside.items()}
        if beside != (own := {one: user for one, (user, _) in graph.beside.items()}):
            yield f"beside one user: wanted {beside}, found {own}"
        last = {
            (r.key or b"").decode(): orjson.loads(r.value or b"") for r in self.logs.topics[IDENTITY_ASSIGNMENTS][0]
        }
        for hashed, row in last.items():
            if row["profile_id"] != graph.owner.get(hashed):
                yield f"{names[hashed]} is assigned {row['profile_id']}, but is of {graph.owner.get(hashed)}"
        for row in map(orjson.loads, (r.value or b"" for r in self.logs.topics[IDENTITY_MERGES][0])):
            if not row.get("refused") and row["reason"] != "split":
                self.retired.add(row["merged_profile_id"])
        back = self.retired & set(graph.members)
        if back:
            yield f"retired ids are back: {back}"


def some(rng: random.Random) -> tuple[tuple[Identifier, ...], tuple[Identifier, ...], int]:
    """The identifiers of one event, those of its previousId if it is an alias call, and how many are weak."""
    identifiers = tuple(strongest_first(rng.sample(POOL[: -len(NUMBERS)], rng.choice((2, 2, 2, 3, 4)))))
    if identifiers[0].type != "user_id" or rng.random() < 0.85:
        identifiers, weak = loosely(rng, identifiers, 4)
        return identifiers, (), weak
    value = f"user_id{rng.randrange(3)}"
    if identifiers[0].value == value:
        return identifiers, (), 0
    return identifiers, (Identifier("user_id", value),), 0


def world(seed: int, kinds: tuple[str, ...], *, late: bool) -> list[str]:
    """The differences of one small world, with what was done in it."""
    rng = random.Random(seed)
    beside = Beside(rng.choice(("latest", "latest", "first")))
    story: list[str] = []
    now = 1_000
    for _ in range(rng.randint(3, 25)):
        now += rng.choice((0, 1, 5, 5, HALF_AN_HOUR - 1, HALF_AN_HOUR))
        if rng.random() < 0.75:
            time = max(beside.reached, now - rng.choice((0, 0, 3))) if not late else now - rng.choice((0, 0, 9))
            identifiers, previous, weak = some(rng)
            story.append(
                f"{time} link {' '.join(i.value for i in identifiers)} < {[i.value for i in previous]} weak {weak}"
            )
            beside.link(time, identifiers, previous, weak)
        elif rng.random() < 0.5:
            story.append(f"up to {now}")
            beside.report(now)
        elif rng.random() < 0.2:
            story.append("restart")
            beside.restart()
        else:
            kind, one = rng.choice(kinds), rng.choice(POOL)
            at = rng.choice((0, now, now + 3))
            story.append(f"{kind} {one.value} now {at}")
            receipt = beside.ask(kind, one, at)
            story.append(f"  {receipt}")
        if found := list(beside.differences()):
            return [f"seed {seed}", *story, *found]
    beside.report(now + 2 * HALF_AN_HOUR)
    found = list(beside.differences())
    return [f"seed {seed}", *story, "up to the end", *found] if found else []


EACH = [("split",), ("erase",), ("split", "erase")]


def check(seeds: range, kinds: tuple[str, ...], *, late: bool) -> None:
    """No difference in any of these worlds."""
    for seed in seeds:
        assert not (found := world(seed, kinds, late=late)), "\n".join(found)


@pytest.mark.parametrize("kinds", EACH, ids=" and ".join)
def test_links_in_time(kinds: tuple[str, ...]) -> None:
    """Clusters after each step are those of the links without the ones that were cut off."""
    check(range(200), kinds, late=False)


def test_late_links() -> None:
    """Links from before a cut that come after it are void; other late ones are applied when they come."""
    check(range(200), ("split", "erase"), late=True)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", EACH, ids=" and ".join)
def test_thousands_of_worlds(kinds: tuple[str, ...]) -> None:
    """The same for more worlds than an ordinary run has time for."""
    check(range(200, 1_500), kinds, late=False)


def test_split_is_as_if_its_links_had_never_been() -> None:
    """The oracle's own word: a cut is the same links run again without the pairs that name the identifier."""
    for seed in range(300):
        rng = random.Random(seed)
        links = [some(rng) for _ in range(rng.randint(1, 20))]
        cut, at = rng.choice(POOL), rng.randint(0, len(links))
        graph, without = identity.Graph(HASHER), identity.Graph(HASHER)
        for n, (identifiers, previous, weak) in enumerate(links):
            if n == at:
                graph.cut(cut, (at,))
            list(graph.link(identifiers, previous, (n,), weak=weak))
        if at == len(links):
            graph.cut(cut, (at,))
        for n, (identifiers, previous, weak) in enumerate(links):
            loose = identifiers[len(identifiers) - weak :]
            for other in (*(i for i in identifiers[1:] if i not in previous), *previous):
                how = "alias" if other in previous else "weak" if other in loose else "plain"
                if n >= at or cut not in {identifiers[0], other}:
                    list(without.pair(identifiers[0], other, how))
        assert graph.clusters() == without.clusters()


def test_devices_are_among_them() -> None:
    """The worlds hold devices that move, and persons' identifiers that stay."""
    assert {i.type in DEVICE_LIKE for i in POOL} == {True, False}


def test_a_browser_that_a_split_has_left_alone() -> None:
    """It has only ever come beside one user_id, counted from the links that remain: it may make room."""
    beside = Beside("latest")
    user, browser = Identifier("user_id", "user_id0"), Identifier("anonymous_id", "anonymous_id0")
    beside.link(1_000, (user, browser), (), 0)
    beside.report(1_005)
    beside.ask("split", browser, 1_005)
    beside.link(1_010, (user, browser), (), 0)
    beside.report(1_020)
    assert not list(beside.differences())
    assert HASHER(*browser) in beside.identify.graph.beside
