"""Splits: the clusters are those of the same events without the pairs that were cut, and ids never change hands."""

from __future__ import annotations

import orjson
import pytest

from schemas.record import Record
from schemas.topics import IDENTITY_MERGES, STITCHED_EVENTS
from streams.testing import Topology
from tests.support.histories_of_people import (
    HASH,
    MINUTE,
    SETTINGS,
    START,
    event,
    identifier,
    message,
    read,
    records,
    together,
)

PHONE = "+4915112345678"
HISTORIES = {
    "a wrong phone that two customers share": (["u1 a1", f"{PHONE} a2", f"u1 {PHONE}", f"x@b.example {PHONE}"], PHONE),
    "a family tablet": (["u1 a1", "u2 a1", "a1", "u1 a1", "d1 a1", "u2 d1", "u2 a1", "d1 a1", "u1 a1"], "u2"),
    "a family tablet, the other one": (["u1 a1", "u2 a1", "a1", "u1 a1", "u2 a1", "u1 a1"], "u1"),
    "a chain of aliases": (["u1 a1", "u2 a2", "u1 < u2", "u3 a3", "u2 < u3", "u1 a4"], "u1"),
    "an alias that was wrong": (["u1 a1", "u2 a2", "u1 < u2", "u2 a1", "u1 a2"], "u1"),
    "three merges": (["a1 d1", "x@b.example a2", "d1 a2", "u1 x@b.example", "u1 d1"], "d1"),
    "three merges in one link": (["a1 d1", f"{PHONE} a2", "d2 a3", f"x@b.example {PHONE} d1 d2"], "x@b.example"),
    "the user_id": (["u1 a1 x@b.example", "x@b.example a2", "u1 a3", f"u1 {PHONE}"], "u1"),
    "an address that two users claim": (["u1 x@b.example", "u2 x@b.example", "x@b.example a1"], "u1"),
    "a device that linked a browser": (["d1 a1", "u1 d1", "u2 d1", "d1 a1", "u1 d1", "d1 a1"], "d1"),
}


@pytest.mark.parametrize(("story", "cut"), HISTORIES.values(), ids=HISTORIES)
def test_as_if_its_links_had_never_been(story: list[str], cut: str) -> None:
    """Split, then the same events without its pairs in a second topology: equal clusters."""
    topology, other = Topology(SETTINGS), Topology(SETTINGS)
    read(topology, records(story), len(story))
    receipt = topology.request("split", *hashed(cut), now=START + len(story) * MINUTE)[0]
    read(other, records(story, without=cut), len(story))
    assert receipt["found"]
    assert together(topology) == together(other)


def hashed(value: str) -> tuple[str, str]:
    """(type, hash) of an identifier of a story."""
    one = identifier(value)
    return one.type, HASH(*one)


def profile_of(topology: Topology, nth: int) -> str:
    """The profile that the nth stitched event is of."""
    rows = [orjson.loads(r.value or b"") for r in topology.topics[STITCHED_EVENTS] if r.value]
    return str(sorted(rows, key=lambda row: row["event_time"])[nth]["profile_id"])


def test_a_retired_id_never_comes_back() -> None:
    """The browser's first id was retired by the merge: split off it gets another, and what it does next goes there."""
    topology = Topology(SETTINGS)
    read(topology, records(["a1", "u1 a1", "u1"]), 3)
    topology.request("split", *hashed("a1"), now=START + 3 * MINUTE)
    read(topology, [event(3, 5, "a1")], 6)
    new = profile_of(topology, 3)
    assert new not in {hashed("a1")[1], hashed("u1")[1]}
    rows = [orjson.loads(r.value or b"") for r in topology.topics[IDENTITY_MERGES]]
    assert [(r["reason"], r["into_profile_id"]) for r in rows if r["merged_profile_id"] == hashed("a1")[1]] == [
        ("link", hashed("u1")[1]),
        ("split_history", new),
    ]
    read(topology, [event(4, 7, "u1", "a1")], 8)
    assert together(topology) == {frozenset((hashed("u1")[1], hashed("a1")[1]))}
    topology.request("split", *hashed("a1"), now=START + 8 * MINUTE)
    read(topology, [event(5, 9, "a1")], 10)
    assert profile_of(topology, 5) not in {new, hashed("a1")[1], hashed("u1")[1]}


def test_events_that_wait_go_where_they_belong() -> None:
    """A merge that has not been sealed yet is undone: what waits in the merged profile goes to the new one."""
    topology = Topology(SETTINGS)
    topology.feed(records(["a1", "a1", "u1 a1", "a1"]))
    topology.reach(START + 2 * MINUTE + 1)
    receipts = topology.request("split", *hashed("a1"), now=START + 10 * MINUTE)
    topology.finish()
    assert receipts[1]["removed"]["pending"] >= 1
    assert profile_of(topology, 3) not in {hashed("a1")[1], hashed("u1")[1]}
    assert profile_of(topology, 2) == hashed("u1")[1]


def test_a_second_split_finds_nothing() -> None:
    """What is cut off has no pairs; nobody is told anything."""
    topology = Topology(SETTINGS)
    read(topology, records(["u1 a1"]), 1)
    assert topology.request("split", *hashed("a1"))[0]["found"]
    again = topology.request("split", *hashed("a1"))
    assert [(r["found"], r["profiles"], r["edges"]) for r in again] == [(False, [], 0)]


WITHOUT_PAIRS = ["d1 a1", "u1 d1", "u1 a2", "x@b.example a1", "u2 d1"]
"""The device takes its pairs along to u2: once she is erased nothing says why a1 and its address are with u1."""


@pytest.mark.parametrize(
    ("story", "cut", "left"),
    [
        (["d1 a1", "u1 d1", "u2 d1"], "a1", {}),
        (["d1 a1", "u1 d1", "u2 d1"], "u1", {}),
        (WITHOUT_PAIRS[:3] + WITHOUT_PAIRS[4:], "a1", {"u1": ["u1", "a2"]}),
        (WITHOUT_PAIRS, "x@b.example", {"u1": ["u1", "a2"]}),
        (WITHOUT_PAIRS, "a1", {"u1": ["u1", "a2"]}),
        (WITHOUT_PAIRS, "u1", {"": ["x@b.example", "a1"]}),
    ],
    ids=["one of two", "the user of two", "one of three", "one of a pair", "the other of a pair", "the user"],
)
def test_after_an_erasure(story: list[str], cut: str, left: dict[str, list[str]]) -> None:
    """Members whose pairs went with an erased person are cut off too, and are not put together with who is cut off."""
    topology = Topology(SETTINGS)
    read(topology, records(story), len(story))
    topology.request("erase", *hashed("u2"), now=START + len(story) * MINUTE)
    receipt = topology.request("split", *hashed(cut), now=START + (len(story) + 1) * MINUTE)[0]
    assert (receipt["found"], receipt["identifiers"]) == (True, 1)
    assert together(topology) == {frozenset(hashed(one)[1] for one in ids) for ids in left.values()}
    topology.restart()
    again = topology.request("split", *hashed(cut), now=START + (len(story) + 2) * MINUTE)
    assert [(r["found"], r["profiles"]) for r in again] == [(False, [])]


def test_who_has_no_pairs_keeps_the_id() -> None:
    """Of a profile that an erasure left without some pairs, those with the user_id keep the id."""
    topology = Topology(SETTINGS)
    read(topology, records(WITHOUT_PAIRS), 5)
    topology.request("erase", *hashed("u2"), now=START + 5 * MINUTE)
    receipt = topology.request("split", *hashed("x@b.example"), now=START + 6 * MINUTE)[0]
    user, sizes = hashed("u1")[1], dict(receipt["clusters"])
    assert (sizes.pop(user), sorted(sizes.values())) == (2, [1, 1])
    read(topology, [event(5, 7, "u1"), event(6, 8, "a1"), event(7, 9, "x@b.example")], 10)
    assert profile_of(topology, 5) == user
    assert len({profile_of(topology, nth) for nth in (5, 6, 7)}) == 3


def test_restarted_between_it_decides_the_same() -> None:
    """Both agents, identify and journey, begin anew from what they have stored, before and after the split."""
    for restart_at in range(3):
        topology = Topology(SETTINGS)
        story = HISTORIES["a family tablet"][0]
        read(topology, records(story), len(story))
        if restart_at == 1:
            topology.restart()
        topology.request("split", *hashed("u2"), now=START + 60 * MINUTE)
        if restart_at == 2:
            topology.restart()
        topology.feed([event(50, 61, "u1", "a1")])
        assert topology.finish()[STITCHED_EVENTS]
        assert together(topology) == {frozenset(hashed(one)[1] for one in ("u1", "a1", "d1"))}


def test_who_is_left_alone_is_nobodys_until_linked() -> None:
    """A refused order leaves no trace of a phone that a split has left alone: who types it gets it, as a new one."""
    sold = {"type": "track", "event": "Order Completed", "properties": {"order_id": "o1", "products": [{"sku": "s"}]}}
    typed = {"type": "track", "event": "Form Filled", "properties": {"phone": PHONE}}
    said = [message(["x@b.example"], **sold), message([PHONE], **sold), message(["a1"], **typed)]
    topology = Topology(SETTINGS)
    read(topology, records([f"{PHONE} a2", "x@b.example a1"]), 2)
    topology.request("split", *hashed("a2"), now=START + 2 * MINUTE)
    for n, one in enumerate(said, 3):
        value = orjson.dumps({"timestamp": START + n * MINUTE, "messageId": f"m{n}", **one})
        topology.feed([Record("channels.web", 0, n - 1, START + n * MINUTE, None, value)])
    topology.reach(START + 40 * MINUTE)
    assert any({hashed(PHONE)[1], hashed("x@b.example")[1]} <= cluster for cluster in together(topology))
