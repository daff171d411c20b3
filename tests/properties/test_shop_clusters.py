"""Who is who in the simulated shop: pairs of identifiers that are one profile, against the simulator's ground truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from deploy.shop import simulate
from deploy.stack.lines import of_objects
from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.message_ids import MessageIds
from schemas.record import Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_ASSIGNMENTS, IDENTITY_LINKS
from streams.core.identify import Identify
from streams.core.ingest import Ingest
from streams.core.protocol.link_log import EndOfInput, Report
from streams.core.protocol.records import links_out
from streams.logs import Logs
from streams.runtime.state.store import MemoryBase, PartitionStore
from tests.oracle.run import SECRET

HASH = Hasher(SECRET)
PARTITIONS = 3
Pair = tuple[str, str]
DEVICES = {"anonymous_id", "device_id", "advertising_id", "push_token"}


class Shop(NamedTuple):
    """Identifiers by what the system assigned, by the truth's profiles, by the people behind them; and the tablets."""

    assigned: dict[Pair, str]
    profile: dict[Pair, str]
    person: dict[Pair, str]
    tablets: list[dict[str, Any]]


def assignments(records: Iterable[Record]) -> dict[str, str]:
    """Hash to profile id by the last assignments: ingest and identify alone, all input read, then applied."""
    logs = Logs()
    ingest = Ingest(
        logs, reader=Reader(), hasher=HASH, message_ids=MessageIds(SECRET), replica={}, partitions=PARTITIONS
    )
    sources: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        sources.setdefault((record.topic, record.partition), []).append(record)
    for chunk in sources.values():
        ingest.process(chunk)
    ends = [(topic, p, len(sources.get((topic, p), ()))) for topic in CHANNEL_TOPICS for p in range(PARTITIONS)]
    logs.send(links_out(EndOfInput(tuple(ends))))
    report = tuple((topic, partition, None, offset) for topic, partition, offset in ends)
    logs.send(links_out(Report(report, 0)))
    identify = Identify(PartitionStore(MemoryBase()), logs, partitions=PARTITIONS)
    log, done = logs.topics[IDENTITY_LINKS][0], 0
    while done < len(log):
        done += identify.process(log[done:])
    written = logs.topics[IDENTITY_ASSIGNMENTS][0]
    return {(r.key or b"").decode(): orjson.loads(r.value or b"")["profile_id"] for r in written}


def opened(customers: int, folder: Path) -> Shop:
    """A day of a shop, what the system makes of its identifiers, and the truth beside it."""
    offsets: Counter[tuple[str, int]] = Counter()
    records = []
    for chunk in of_objects(simulate(customers, 1, 7, truth=folder), PARTITIONS):
        for line in chunk:
            place = line.topic, line.partition
            records.append(Record(*place, offsets[place], line.timestamp, line.key, line.value))
            offsets[place] += 1
    truth = {p.stem: [orjson.loads(row) for row in p.read_bytes().splitlines()] for p in folder.glob("*.jsonl")}
    owner = assignments(records)
    profile = {_pair(i): row["cluster"] for row in truth["clusters"] for i in row["identifiers"]}
    profile |= {_pair(row["identifier"]): row["cluster"] for row in truth["shared"]}
    person = {_pair(i): row["customer"] for row in truth["customers"] for i in row["identifiers"]}
    return Shop({i: owner.get(HASH(*i), HASH(*i)) for i in profile}, profile, person, truth["shared"])


def _pair(identifier: Mapping[str, str]) -> Pair:
    return identifier["type"], identifier["value"]


def pairs(of: Mapping[Pair, Hashable]) -> int:
    """How many pairs of identifiers have the same value."""
    return sum(n * (n - 1) // 2 for n in Counter(of.values()).values())


def precision_and_recall(found: Mapping[Pair, str], truth: Mapping[Pair, str]) -> tuple[float, float]:
    """Of the pairs found, how many are true; of the true ones, how many were found. Over the truth's identifiers."""
    within = {i: found[i] for i in truth}
    both = pairs({i: (found[i], truth[i]) for i in truth})
    return both / pairs(within), both / pairs(truth)


@pytest.fixture(scope="module", params=[500, pytest.param(20_000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small shop, and one of 20,000 customers."""
    return opened(request.param, tmp_path_factory.mktemp("truth"))


def test_the_profiles_are_those_of_the_policy(shop: Shop) -> None:
    """Precision and recall are both 1.0 over every identifier published, the shared tablets among them."""
    assert precision_and_recall(shop.assigned, shop.profile) == (1.0, 1.0)


def test_no_two_people_are_taken_for_one(shop: Shop) -> None:
    """Against the people behind the identifiers precision is 1.0: what differs is never two people in one profile."""
    precision, recall = precision_and_recall(shop.assigned, shop.person)
    assert precision == 1.0
    assert 0.6 < recall < 0.9


def test_what_is_missing_was_never_said(shop: Shop) -> None:
    """Each pair of one person that is not joined lies in two profiles of the truth as well: no event names a way."""
    mine: dict[str, list[Pair]] = {}
    for identifier, customer in shop.person.items():
        mine.setdefault(customer, []).append(identifier)
    missing = Counter(
        "with a device" if {a[0], b[0]} & DEVICES else "without one"
        for identifiers in mine.values()
        for a, b in combinations(identifiers, 2)
        if shop.assigned[a] != shop.assigned[b] and shop.profile[a] != shop.profile[b]
    )
    found = pairs({i: (shop.assigned[i], customer) for i, customer in shop.person.items()})
    assert missing.total() == pairs(shop.person) - found
    assert missing["with a device"] > missing["without one"] > 0


def test_tablets_differ_by_design(shop: Shop) -> None:
    """A tablet is of one profile: of the people who used it, those who were not the last to log in there miss it."""
    mine: dict[str, set[Pair]] = {}
    for identifier, customer in shop.person.items():
        mine.setdefault(customer, set()).add(identifier)
    holders: dict[str, set[str]] = {}
    for identifier, customer in shop.person.items():
        holders.setdefault(shop.assigned[identifier], set()).add(customer)
    several = 0
    for row in shop.tablets:
        users = set(row["customers"])
        assert holders.get(shop.assigned[_pair(row["identifier"])], set()) <= users, "of nobody who never used it"
        several += len(users) > 1
    assert several
    assert any(row["moves"] for row in shop.tablets)
