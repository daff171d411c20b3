"""What identify writes down of a link: who brought an identifier in, and by which event."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_MERGES
from streams.testing import Topology
from tests.support.histories_of_people import HASH, SETTINGS, identifier, read, records


def hashes(*values: str) -> list[str]:
    """The hash of each identifier."""
    return [HASH(*identifier(value)) for value in values]


def rows(topology: Topology, topic: str) -> list[dict[str, Any]]:
    """The values of a topic with their keys."""
    return [{"key": (r.key or b"").decode(), **orjson.loads(r.value or b"")} for r in topology.topics[topic]]


def told(*story: str) -> Topology:
    """A topology that has read the story."""
    topology = Topology(SETTINGS)
    read(topology, records(story), len(story))
    return topology


def test_an_assignment_says_who_brought_the_identifier() -> None:
    """The other one of the pair, on both sides, and the event that named the two."""
    a1, d1, u1 = hashes("a1", "d1", "u1")
    found = rows(told("d1 a1", "a1", "u1 d1"), IDENTITY_ASSIGNMENTS)
    source = {"topic": "channels.web", "partition": 0}
    assert {(r["key"], r["linked_to"], r["source"]["offset"]) for r in found} == {
        (d1, a1, 0), (a1, d1, 0), (u1, d1, 2), (d1, u1, 2), (a1, u1, 2),
    }  # fmt: skip
    assert all(r["source"] == {**source, "offset": r["source"]["offset"]} for r in found)


def test_a_device_that_moves_is_linked_to_its_new_user() -> None:
    """Only the device is assigned anew."""
    a1, u2 = hashes("a1", "u2")
    last = rows(told("u1 a1", "u2 x@b.example", "u2 a1"), IDENTITY_ASSIGNMENTS)[-1]
    assert (last["key"], last["profile_id"], last["linked_to"], last["source"]["offset"]) == (a1, u2, u2, 2)


def test_merges_and_refusals_name_the_pair() -> None:
    """In the order head, other; a refused pair as well as a merge."""
    topology = told("u1 a1", "u2 x@b.example", "u1 x@b.example")
    found = {tuple(r["identifiers"]): (r["reason"], r["source"]["offset"]) for r in rows(topology, IDENTITY_MERGES)}
    pairs = [tuple(hashes(*pair)) for pair in (("u1", "a1"), ("u2", "x@b.example"), ("u1", "x@b.example"))]
    assert found == {pairs[0]: ("link", 0), pairs[1]: ("link", 1), pairs[2]: ("person_id_kept", 2)}
