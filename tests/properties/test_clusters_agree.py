"""Who is one customer, read off identity.assignments, against an offline union-find: any order, any partitioning."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.events import DeadLetter, Reader
from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.settings import Settings
from schemas.topics import IDENTITY_ASSIGNMENTS
from streams.core.campaigns import Campaigns
from streams.testing import replay
from tests.oracle.histories import History, random_history
from tests.oracle.run import SECRET, run
from tests.simulation.check import campaigns_of
from tests.simulation.crowds import crowd

HASH = Hasher(SECRET)
NO_CAMPAIGNS: Campaigns = campaigns_of("campaigns: []\n")
Clusters = set[frozenset[str]]


def assigned(records: Iterable[Record], partitions: int) -> Clusters:
    """Clusters of hashes by the last assignment of each identifier; those never linked are left out."""
    configured = Settings(secret=SECRET, clock="event", partitions=partitions)
    last = {
        r.key: orjson.loads(r.value)["profile_id"]
        for r in replay(records, configured, NO_CAMPAIGNS)[IDENTITY_ASSIGNMENTS]
    }
    clusters: dict[str, set[str]] = defaultdict(set)
    for key, profile_id in last.items():
        clusters[profile_id].add(key.decode())
    return set(map(frozenset, clusters.values()))


def by_the_policy(records: Iterable[Record]) -> tuple[Clusters, bool]:
    """Clusters of two or more by the oracle's sequential graph, and whether any link was refused."""
    outcome = run(records)
    clusters = {frozenset(HASH(*i) for i in c) for c in outcome.clusters.values() if len(c) > 1}
    return clusters, any(m.get("refused") for m in outcome.merges)


def union_find(records: Iterable[Record]) -> Clusters:
    """Connected components: every event joins all that it names. The policy where no rule says no."""
    parent: dict[Identifier, Identifier] = {}

    def root(identifier: Identifier) -> Identifier:
        parent.setdefault(identifier, identifier)
        while parent[identifier] != identifier:
            parent[identifier] = identifier = parent[parent[identifier]]
        return identifier

    reader = Reader("US")
    for record in records:
        event = reader.read(record)
        if not isinstance(event, DeadLetter):
            for identifier in (*event.identifiers, *(event.previous if event.identifiers else ())):
                parent[root(identifier)] = root(event.identifiers[0])
    clusters: dict[Identifier, set[str]] = defaultdict(set)
    for identifier in parent:
        clusters[root(identifier)].add(HASH(*identifier))
    return {frozenset(c) for c in clusters.values() if len(c) > 1}


def lasting(clusters: Clusters) -> Clusters:
    """Without those of one: an identifier whose companion has moved on is assigned, and alone."""
    return {c for c in clusters if len(c) > 1}


def overtaking(records: Iterable[Record], rng: random.Random) -> list[Record]:
    """The same records as the sources would bring them in another order: each source keeps its own."""
    sources: dict[tuple[str, int], list[Record]] = defaultdict(list)
    for record in records:
        sources[record.topic, record.partition].append(record)
    mixed = []
    while sources:
        source = rng.choice(sorted(sources))
        mixed.append(sources[source].pop(0))
        if not sources[source]:
            del sources[source]
    return mixed


def check(history: History, rng: random.Random, partitions: int) -> bool:
    """The clusters of a history delivered in any order; True if no rule refused anything."""
    records = history.records(partitions)
    want, refused = by_the_policy(records)
    for delivery in (records, overtaking(records, rng)):
        assert lasting(assigned(delivery, partitions)) == want, repr(history)
    if not refused:
        assert union_find(records) == want, repr(history)
    return not refused


@pytest.mark.parametrize("block", range(4))
def test_clusters_of_random_histories(block: int) -> None:
    """Histories and crowds of one to five partitions: the policy's clusters, and components where no rule bites."""
    plain = 0
    for seed in range(block, 160, 4):
        rng = random.Random(f"clusters {seed}")
        history = crowd(rng) if seed % 3 else random_history(seed, longest=12)
        plain += check(history, rng, 1 + seed % 5)
    assert plain > 5, "some histories are without a refusal"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 12))
def test_clusters_of_short_ones(seed: int, partitions: int, longest: int) -> None:
    """Short histories, so that the first that fails is small."""
    check(random_history(seed, longest=longest), random.Random(seed), partitions)


def test_a_second_run_of_the_same_log_assigns_the_same() -> None:
    """Every assignment, with its version and time, is a function of the events: a replay writes the same records."""
    configured = Settings(secret=SECRET, clock="event", partitions=3)
    for seed in range(20):
        records = crowd(random.Random(f"again {seed}")).records(3)
        first, second = (replay(records, configured, NO_CAMPAIGNS)[IDENTITY_ASSIGNMENTS] for _ in range(2))
        assert [(r.key, r.value) for r in first] == [(r.key, r.value) for r in second]
