"""Whose events are, as identity.links tells it, after several requests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson

from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.topics import CHANNEL_TOPICS, IDENTITY_LINKS
from tests.oracle.run import SECRET
from tests.simulation.links_read import Log

U1, U2 = Identifier("user_id", "u1"), Identifier("user_id", "u2")
DEVICE, COOKIE = Identifier("device_id", "d1"), Identifier("anonymous_id", "a1")
EMAIL, OTHER = Identifier("email", "x@shop.example"), Identifier("email", "y@shop.example")
KNOWN = {Hasher(SECRET)(*one): one for one in (U1, U2, DEVICE, COOKIE, EMAIL, OTHER)}
WEB = CHANNEL_TOPICS[0]


def link(time: int, *identifiers: Identifier, weak: int = 0, confirms: str = "") -> dict[str, Any]:
    """An event of the web at this time and offset, that names these: the last `weak` were only typed."""
    hashed = [(one.type, Hasher(SECRET)(*one)) for one in identifiers]
    return {"k": "links", "topic": WEB, "partition": 0, "links": [[time, time, hashed, 0, weak, confirms, ""]]}


def reached(time: int) -> dict[str, Any]:
    """All sources have come to this time."""
    return {"k": "report", "sources": [[topic, 0, time, time] for topic in CHANNEL_TOPICS]}


def request(kind: str, time: int, identifier: Identifier) -> dict[str, Any]:
    """Somebody asks for a split or an erasure."""
    return {"k": kind, "request": f"{time}", "id": Hasher(SECRET)(*identifier), "now": time}


def log(*notices: dict[str, Any]) -> Log:
    """The log read to its end, in a run without events that name but one identifier."""
    plan: Any = SimpleNamespace(records=(), partitions=1)
    return Log((Record(IDENTITY_LINKS, 0, 0, 0, None, orjson.dumps(one)) for one in notices), plan, KNOWN)


LINKS = (link(1, DEVICE, COOKIE), link(2, U1, DEVICE), link(3, U1, EMAIL), link(4, U2, DEVICE), reached(5))
"""A device that was u1's with what it had done, and is u2's now."""


def test_what_a_device_had_done_stays_behind_when_it_moves() -> None:
    """The erasure of whoever had it then takes that, the erasure of whoever has it does not."""
    ours = log(*LINKS, request("erase", 6, U1)).acts[0]
    assert (WEB, 0, 1) in ours.theirs
    others = log(*LINKS, request("erase", 6, U2)).acts[0]
    assert (WEB, 0, 1) not in others.theirs


def test_it_stays_behind_whatever_is_cut_off_later() -> None:
    """An address that a split has left alone is not the device, so the device does not take along what stayed there."""
    notices = (*LINKS, request("split", 6, EMAIL), request("split", 7, DEVICE), request("erase", 8, U1))
    assert (WEB, 0, 1) in log(*notices).acts[-1].theirs


def test_what_is_of_the_device_goes_with_it() -> None:
    """While it is still u1's, a split takes along what it has done alone."""
    notices = (*LINKS[:3], reached(5), request("split", 6, DEVICE), request("erase", 8, U1))
    assert (WEB, 0, 1) not in log(*notices).acts[-1].theirs


def test_a_late_identify_confirms_nothing_that_was_typed_after_it() -> None:
    """The address is not the erased customer's; one that the customer is identified after is."""
    typed = (link(1, U1, DEVICE), link(10, DEVICE, EMAIL, weak=1), reached(11))
    late = log(*typed, link(5, U1, DEVICE, confirms="identify"), reached(12), request("erase", 13, U1))
    assert late.acts[0].gone == {U1, DEVICE}
    in_time = log(*typed, link(11, U1, DEVICE, confirms="identify"), reached(12), request("erase", 13, U1))
    assert in_time.acts[0].gone == {U1, DEVICE, EMAIL}


def test_an_address_that_was_typed_before_another_and_comes_later_takes_nobodys_place() -> None:
    """By the same visitor, and by another of the same customer."""
    typed = (link(1, U1, DEVICE), link(2, U1, COOKIE), link(10, DEVICE, EMAIL, weak=1), reached(11))
    confirmed = (link(12, U1, DEVICE, confirms="identify"), reached(13), request("erase", 14, U1))
    for visitor in (DEVICE, COOKIE):
        late = log(*typed, link(5, visitor, OTHER, weak=1), *confirmed)
        assert late.acts[0].gone == {U1, DEVICE, COOKIE, EMAIL}
