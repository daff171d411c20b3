"""Erasures told as stories: what is left of a person, what comes back, and what is another's."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.identifiers import Hasher, Identifier
from schemas.topics import (
    CART_TRANSITIONS,
    CONVERSIONS,
    IDENTITY_ASSIGNMENTS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    SEGMENTS_MEMBERSHIP,
    STITCHED_EVENTS,
)
from tests.oracle.compare import rows_of
from tests.oracle.run import SECRET
from tests.oracle.stepping import Steps
from tests.oracle.story import told
from tests.simulation.check import campaigns_of

HASH = Hasher(SECRET)
PERSONAL = (
    STITCHED_EVENTS,
    CART_TRANSITIONS,
    RETARGETING_MESSAGES,
    RETARGETING_DECISIONS,
    CONVERSIONS,
    SEGMENTS_MEMBERSHIP,
)
ANA = Identifier("email", "ana@b.example")
U1, A1, MAIL_OF_ANA = HASH("user_id", "u1"), HASH("anonymous_id", "a1"), HASH(*ANA)
MAIL = """
campaigns:
  - id: mail
    trigger: {on: cart_abandoned}
    exit_on: [order_completed]
    steps: [{id: reminder, after: 0m, channel: email, template: cart_reminder}]
"""
LAMP = {"sku": "lamp", "price": 10}


class Story:
    """Events read up to a minute, then an erasure, then those that arrive after it, and the end."""

    def __init__(
        self, before: list[tuple[Any, ...]], after: list[tuple[Any, ...]], at: float = 10, who: Identifier = ANA
    ) -> None:
        records = told(*before, *after)
        self.steps = Steps(campaigns_of(MAIL))
        self.steps.take(records[: len(before)])
        self.steps.upto(min(at, 10))
        self.receipts = self.steps.ask("erase", who, at)
        self.steps.take(records[len(before) :])
        self.again = self.steps.ask("erase", who, at)
        self.topics = self.steps.end()

    @property
    def left(self) -> str:
        """What compaction leaves of every topic, and the state, as text."""
        kept = {(r.topic, r.key or r.offset): r.value for records in self.topics.values() for r in records}
        internal = {"profile.events", "identity.links"}
        texts = [v.decode() for (topic, _), v in kept.items() if v is not None and topic not in internal]
        texts += [(k + v).decode("latin-1") for k, v in self.steps.state]
        return "\n".join(texts)

    @property
    def owners(self) -> dict[str, str]:
        """The profile of each event by its message id."""
        return {row["message_id"]: row["profile_id"] for row in rows_of(self.topics, STITCHED_EVENTS)}


HER_DAY = [
    (0, "web", "a1", "Product Added", LAMP),
    (1, "web", "u1 a1 ana@b.example", "identify", {"context": {"traits": {"name": "Ana Anders"}}}),
    (2, "email", "ana@b.example", "Email Opened"),
    (3, "store", "u1", "Order Completed", {"order_id": "order-1"}),
    (4, "app", "u1", "Product Added", {"sku": "rug", "price": 20}),
]


@pytest.mark.parametrize("who", [ANA, Identifier("user_id", "u1"), Identifier("anonymous_id", "a1")])
def test_nothing_is_left(who: Identifier) -> None:
    """Whichever of her names is given: her values are on no topic after compaction, and in no state."""
    story = Story(HER_DAY, [], who=who)
    for value in ("ana@b.example", "Ana Anders", '"u1"', '"a1"', "order-1"):
        assert value not in story.left, value


def test_every_topic_has_its_tombstone() -> None:
    """Under her id and under each former one, as the last record of each topic."""
    story = Story(HER_DAY, [])
    for topic in PERSONAL:
        for profile_id in (U1, A1):
            values = [r.value for r in story.topics[topic] if r.key == profile_id.encode()]
            assert values[-1:] == [None], topic


def test_who_was_erased_is_on_a_list_of_hashes() -> None:
    """The last assignment of each of her identifiers names no profile, and when she was erased."""
    story = Story(HER_DAY, [])
    last = {r.key: orjson.loads(r.value or b"{}") for r in story.topics[IDENTITY_ASSIGNMENTS]}
    for hashed in (U1, A1, MAIL_OF_ANA):
        assert last[hashed.encode()]["profile_id"] is None
        assert last[hashed.encode()]["erased_at"]


def test_her_cart_is_not_waited_for_any_more() -> None:
    """The reminder that was due half an hour later is not sent, nor decided."""
    story = Story([(1, "web", "u1 ana@b.example", "Product Added", LAMP)], [])
    for topic in (RETARGETING_MESSAGES, RETARGETING_DECISIONS):
        assert rows_of(story.topics, topic) == []


def test_what_comes_late_does_not_bring_her_back() -> None:
    """Events from before the erasure that arrive after it are dropped, with what they link."""
    late = [
        (5, "web", "u1 a1", "Product Added", LAMP),
        (6, "app", "a1 other@b.example", "identify"),
        (9, "email", "ana@b.example", "Email Opened"),
    ]
    story = Story(HER_DAY, late)
    assert not {"m5", "m6", "m7"} & story.owners.keys()
    assert "other@b.example" not in story.left


def test_who_comes_later_is_somebody_new() -> None:
    """Events of after the erasure are a new customer's, under an id that was never hers, and are linked anew."""
    later = [
        (11, "web", "a1", "Product Added", LAMP),
        (12, "web", "u1 a1", "identify"),
        (13, "store", "u1", "Order Completed", {"order_id": "order-2"}),
    ]
    story = Story(HER_DAY, later, at=10)
    owners = [story.owners[m] for m in ("m5", "m6", "m7")]
    assert not {U1, A1, MAIL_OF_ANA} & set(owners)
    assert owners[1] == owners[2]
    assert "order-2" in story.left
    assert "ana@b.example" not in story.left


def test_another_who_mentions_her_stays() -> None:
    """A second user claimed her address: that event is the second user's, and stays."""
    story = Story([*HER_DAY, (5, "web", "u2 ana@b.example", "identify")], [])
    assert story.owners["m5"] == HASH("user_id", "u2")
    last = {r.key: r.value for r in story.topics[STITCHED_EVENTS]}
    assert last[HASH("user_id", "u2").encode()] is not None


def test_her_tablet_is_the_next_ones() -> None:
    """A device that has moved on to another is not hers any more: neither it nor its later events are erased."""
    story = Story([*HER_DAY, (5, "web", "u2 a1", "identify"), (6, "web", "a1", "page")], [(11, "web", "a1", "page")])
    u2 = HASH("user_id", "u2")
    assert [story.owners[m] for m in ("m5", "m6", "m7")] == [u2, u2, u2]


def test_a_second_run_finds_nothing() -> None:
    """Asked again, identify says that there was nobody, and nothing is removed."""
    story = Story(HER_DAY, [])
    first = next(r for r in story.receipts if r["agent"] == "identify")
    again = next(r for r in story.again if r["agent"] == "identify")
    assert (first["found"], first["identifiers"]) == (True, 4)
    assert (again["found"], again["edges"]) == (False, 0)
    for receipt in story.again:
        if receipt["agent"] == "journey":
            assert not any(receipt["removed"].values())


def test_receipts_hold_counts_and_ids() -> None:
    """No value of hers is in a receipt; each profile that was told answers."""
    story = Story(HER_DAY, [])
    text = orjson.dumps(story.receipts).decode()
    assert not any(value in text for value in ("ana@b.example", '"u1"', '"a1"', "Ana"))
    told_ids = next(r["profiles"] for r in story.receipts if r["agent"] == "identify")
    assert {r["profile"] for r in story.receipts if r["agent"] == "journey"} == set(told_ids) >= {U1, A1}


def test_one_nobody_has_heard_of() -> None:
    """An address that was never seen: found is false, and it is on the list all the same."""
    stranger = Identifier("email", "nobody@b.example")
    story = Story(HER_DAY, [(5, "email", "nobody@b.example", "Email Opened")], who=stranger)
    assert [r["found"] for r in story.receipts if r["agent"] == "identify"] == [False]
    assert "m5" not in story.owners
    assert "order-1" in story.left
