"""Erasures: nothing of the person is left anywhere, and who comes back is somebody new."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from schemas.topics import IDENTITY_ASSIGNMENTS, IDENTITY_LINKS, IDENTITY_MERGES, OUTPUT_TOPICS, PROFILE_EVENTS
from streams.testing import Topology
from tests.support.histories_of_people import HASH, MINUTE, SETTINGS, START, event, identifier, read, records, together

PHONE = "+4915112345678"
STORIES = {
    "a browser that logs in": ["a1", "u1 a1", "u1 ana@b.example", "a1"],
    "nobody but a browser": ["a1", "a1"],
    "merges of merges": ["a1", "d1 a1", "ana@b.example", f"{PHONE} d1", f"ana@b.example {PHONE}", "u1 ana@b.example"],
    "two users by alias": ["u1 a1", "u2 ana@b.example", "u1 < u2", "a1"],
}


def hashed(value: str) -> tuple[str, str]:
    """(type, hash) of an identifier of a story."""
    one = identifier(value)
    return one.type, HASH(*one)


def left(topology: Topology) -> Iterator[bytes]:
    """What compaction leaves: of each key what came after its last tombstone; and all that is kept as state."""
    for topic in (*OUTPUT_TOPICS, PROFILE_EVENTS, IDENTITY_LINKS):
        for log in topology.logs.topics[topic].values():
            void = {record.key: record.offset for record in log if record.value is None}
            if topic == IDENTITY_ASSIGNMENTS:
                void = {record.key: record.offset - 1 for record in log}
            yield from (r.value or b"" for r in log if r.offset > void.get(r.key, -1))
    for store in topology.stores:
        for key, value in store.scan(b""):
            yield key + value


@pytest.mark.parametrize("settled", [True, False], ids=["hours later", "at once"])
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_nothing_is_left(story: list[str], settled: bool) -> None:
    """No value of hers is on a topic after compaction, or in any state; a second run finds nothing."""
    topology = Topology(SETTINGS)
    topology.feed(records(story))
    topology.reach(START + (600 * MINUTE if settled else (len(story) - 1) * MINUTE + 1))
    someone = story[0].split()[0]
    receipts = topology.request("erase", *hashed(someone), now=START + 601 * MINUTE)
    assert sorted(r["profile"] for r in receipts[1:]) == sorted(receipts[0]["profiles"])
    assert sum(r["removed"]["state"] + r["removed"]["pending"] for r in receipts[1:]) > 0
    again = topology.request("erase", *hashed(someone), now=START + 602 * MINUTE)
    assert not again[0]["found"]
    assert all(not any(r["removed"].values()) for r in again[1:])
    topology.finish()
    everything = b"\n".join(left(topology))
    for value in {one for line in story for one in line.split() if one != "<"}:
        assert f'"{value}"'.encode() not in everything, value


def test_what_comes_late_is_dropped_and_who_comes_back_is_new() -> None:
    """Events and links of before stay out; one of later is of an id that nobody ever had, and links anew."""
    topology = Topology(SETTINGS)
    read(topology, records(["a1", "u1 a1"]), 2)
    topology.request("erase", *hashed("u1"), now=START + 10 * MINUTE)
    topology.feed([event(2, 5, "u1", "a1"), event(3, 6, "a1", "d9")])
    assert together(topology) == set()
    topology.feed([event(4, 11, "a1"), event(5, 12, "u1", "a1")])
    topology.reach(START + 20 * MINUTE)
    topology.finish()
    assert together(topology) == {frozenset((hashed("u1")[1], hashed("a1")[1]))}
    rows = [orjson.loads(r.value) for r in topology.topics["stitched.events"] if r.value]
    late = {row["profile_id"] for row in rows if row["message_id"] in {"m4", "m5"}}
    assert not late & {hashed("u1")[1], hashed("a1")[1]}
    assert not {row["message_id"] for row in rows} & {"m2", "m3"}
    last = {r.key: orjson.loads(r.value or b"") for r in topology.topics[IDENTITY_ASSIGNMENTS]}
    assert last[hashed("u1")[1].encode()]["erased_at"], "the erase list outlives the new assignment"


def test_an_event_under_way_to_an_erased_profile() -> None:
    """It was sent before ingest knew: of before, it is dropped where it arrives; of later, it goes to the new one."""
    topology = Topology(SETTINGS)
    story = records(["u1 a1", "a1", "a1", "a1", "a1"])
    read(topology, story[:1], 1)
    # A worker that lags: what it reads now, it sends where the replica said the profile was.
    stale = dict(topology.owners.of)
    topology.request("erase", *hashed("u1"), now=START + 2 * MINUTE)
    topology.owners.of.update(stale)
    topology.owners.erased.clear()
    topology.feed(story[1:])
    topology.finish()
    rows = [orjson.loads(r.value) for r in topology.topics["stitched.events"] if r.value]
    assert {row["message_id"] for row in rows if row["profile_id"] != hashed("u1")[1]} == {"m3", "m4"}


def test_rows_say_who_was_erased() -> None:
    """The profile and each former id of hers resolve to nobody, and the erased ids name nobody."""
    topology = Topology(SETTINGS)
    read(topology, records(["u1 a1 ana@b.example"]), 1)
    topology.request("erase", *hashed("ana@b.example"), now=START + 5 * MINUTE)
    rows = [orjson.loads(r.value or b"") for r in topology.topics[IDENTITY_MERGES]]
    erased = {row["merged_profile_id"] for row in rows if row["reason"] == "erased" and row["into_profile_id"] is None}
    assert erased == {hashed(one)[1] for one in ("u1", "a1", "ana@b.example")}
