"""The identity graph against the oracle's, link by link: thousands of small worlds in which every limit is near."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.identifiers import Hasher, Identifier, strongest_first
from streams.core.identity.graph import Graph, Merge, Policy
from tests.oracle import identity
from tests.oracle.run import SECRET
from tests.support.weak_evidence import loosely

HASHER = Hasher(SECRET)
Link = tuple[tuple[Identifier, ...], tuple[Identifier, ...], int]


def link(rng: random.Random, size: int) -> Link:
    """The identifiers of one event, those of its previousId if it is an alias call, and how many are weak."""
    pool = [
        Identifier(type_, f"{type_}{n}")
        for type_, count in (("user_id", size), ("email", 7), ("loyalty", 2), ("device_id", 2), ("anonymous_id", size))
        for n in range(count)
    ]
    identifiers = tuple(strongest_first(rng.sample(pool, rng.choice((2, 2, 2, 3, 4)))))
    if identifiers[0].type != "user_id" or rng.random() < 0.85:
        identifiers, weak = loosely(rng, identifiers, 7)
        return identifiers, (), weak
    value = f"{rng.choice(('user_id', 'anonymous_id'))}{rng.randrange(size)}"
    return identifiers, (Identifier("user_id", value), Identifier("anonymous_id", value)), 0


def row(change: Any) -> tuple[str, str, str | None]:
    """What a change of the core says: who into whom, and the rule that refused it."""
    if isinstance(change, Merge):
        return change.loser, change.winner, None
    return change.loser, change.winner, change.rule


def same(links: list[Link], limit: int, device: Any) -> None:
    """Both graphs say the same after each link."""
    core = Graph(Policy(device=device, profile_limit=limit))
    oracle = identity.Graph(HASHER, profile_limit=limit, device_policy=device)
    for n, (identifiers, previous, weak) in enumerate(links):
        # As ingest sends them: what is named as previous, too, stands among the previous ones alone.
        own = (*identifiers[:1], *(i for i in identifiers[1:] if i not in previous))
        hashed = [(i.type, HASHER(*i)) for i in (*own, *previous)]
        changes, _ = core.link(hashed, len(previous), weak, bytes([n]))
        wanted = [(c.loser, c.winner, c.refused) for c in oracle.link(identifiers, previous, (n,), weak=weak)]
        assert [row(c) for c in changes] == wanted, f"link {n} of {links}"
        assert core.typed == {HASHER(*i) for i in oracle.typed}, f"link {n} of {links}"
        assert core.owner == {HASHER(*i): p for i, p in oracle.owner.items()}, f"link {n} of {links}"


@pytest.mark.parametrize("device", ["latest", "first"])
def test_thousands_of_worlds(device: str) -> None:
    """Seeded worlds of up to forty links."""
    for seed in range(1500):
        rng = random.Random(seed)
        size = rng.choice((2, 4, 9))
        links = [link(rng, size) for _ in range(rng.randint(1, 40))]
        same(links, rng.choice((3, 5, 12, 200)), device)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 2**16), max_size=12), st.sampled_from((3, 5, 200)), st.sampled_from(("latest", "first")))
def test_worlds_that_shrink(seeds: list[int], limit: int, device: str) -> None:
    """Worlds of few links, made smaller by hypothesis when they differ."""
    same([link(random.Random(seed), 3) for seed in seeds], limit, device)
