"""Splits told as stories: what goes with the identifier, what stays, and who is reminded."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.topics import CART_TRANSITIONS, CONVERSIONS, IDENTITY_MERGES, RETARGETING_MESSAGES, STITCHED_EVENTS
from tests.oracle.compare import rows_of
from tests.oracle.run import SECRET
from tests.oracle.stepping import Steps
from tests.oracle.story import minute_of, told
from tests.simulation.check import campaigns_of

HASH = Hasher(SECRET)
A1, A2 = Identifier("anonymous_id", "a1"), Identifier("anonymous_id", "a2")
X = Identifier("email", "x@b.example")
U1 = HASH("user_id", "u1")
MAIL = """
campaigns:
  - id: mail
    trigger: {on: cart_abandoned}
    exit_on: [order_completed]
    steps: [{id: reminder, after: 0m, channel: email, template: cart_reminder}]
"""
LAMP, RUG = {"sku": "lamp", "price": 10}, {"sku": "rug", "price": 20}
Topics = dict[str, list[Record]]


class Story:
    """Events told in one go, read up to a minute, then a split, then the rest."""

    def __init__(self, *events: tuple[Any, ...], split: Identifier = A1, at: float = 10, campaigns: str = MAIL) -> None:
        records = told(*events)
        steps = Steps(campaigns_of(campaigns))
        minutes = [event[0] for event in events]
        steps.take(r for r, minute in zip(records, minutes, strict=True) if minute < at)
        steps.upto(at)
        self.receipts = steps.ask("split", split, at)
        steps.take(r for r, minute in zip(records, minutes, strict=True) if minute >= at)
        self.topics = steps.end()
        merges = rows_of(self.topics, IDENTITY_MERGES)
        self.splits = [row for row in merges if row["reason"] == "split"]
        self.new = self.splits[0]["into_profile_id"] if self.splits else None

    @property
    def owners(self) -> dict[str, str]:
        """The profile of each event by its message id."""
        return {row["message_id"]: row["profile_id"] for row in rows_of(self.topics, STITCHED_EVENTS)}

    def cart(self, profile_id: str | None) -> list[str]:
        """Transitions of a profile as `from>to minute value`, in time order."""
        rows = [row for row in rows_of(self.topics, CART_TRANSITIONS) if row["profile_id"] == profile_id]
        return [
            f"{r['from']}>{r['to']} {minute_of(r['at']):g} {r['value']:g}" for r in sorted(rows, key=lambda r: r["at"])
        ]

    @property
    def mailed(self) -> list[tuple[str, float]]:
        """To whom messages went, and when."""
        return [(m["to"], minute_of(m["decided_at"])) for m in rows_of(self.topics, RETARGETING_MESSAGES)]


def test_what_comes_later_is_the_new_profiles() -> None:
    """After the split the visitor's events are theirs, the user's the user's; what was before stays where it was."""
    story = Story(
        (0, "web", "u1 a1", "identify"),
        (1, "web", "a1", "page"),
        (11, "web", "a1", "page"),
        (12, "web", "u1", "page"),
    )
    assert story.owners == {"m0": U1, "m1": U1, "m2": story.new, "m3": U1}
    (row,) = story.splits
    assert (row["merged_profile_id"], row["identifiers"]) == (U1, [HASH(*A1)])
    assert story.new not in {U1, HASH(*A1)}, "the id that it once had is not its own again"


def test_both_answer() -> None:
    """Both agents, identify and the journey of the profile, say what they did, in counts and ids."""
    story = Story((0, "web", "u1 a1", "Product Added", LAMP))
    by_agent = {receipt["agent"]: receipt for receipt in story.receipts}
    assert by_agent["identify"]["found"]
    assert sorted(count for _, count in by_agent["identify"]["clusters"]) == [1, 1]
    assert by_agent["journey"]["profile"] == U1
    assert "a1" not in orjson.dumps(story.receipts).decode()


def test_a_cart_is_divided_by_who_brought_the_lines() -> None:
    """The visitor's lamp goes, the user's rug stays; both carts are as old as the one was."""
    story = Story(
        (0, "web", "u1 x@b.example", "Product Added", RUG),
        (1, "web", "a1", "Product Added", LAMP),
        (2, "web", "u1 a1", "identify"),
    )
    assert story.cart(U1)[0] == "none>open 0 20"
    assert story.cart(U1)[1] == "open>abandoned 31 20"
    assert story.cart(story.new)[:2] == ["none>open 0 10", "open>abandoned 31 10"]
    assert story.mailed == [("x@b.example", 31)]


def test_a_cart_that_goes_as_a_whole_is_emptied_here_and_opened_there() -> None:
    """All lines were the visitor's: the user is not reminded of what somebody else wanted."""
    story = Story(
        (0, "web", "a1", "Product Added", LAMP),
        (1, "web", "u1 a1 x@b.example", "identify"),
    )
    assert any("open>emptied" in row for row in story.cart(U1))
    assert any("none>open" in row and row.endswith(" 10") for row in story.cart(story.new))
    assert story.mailed == []


def test_nobody_is_reminded_who_may_have_bought() -> None:
    """An order from before the split is known on both sides: neither cart of before it is abandoned by a buyer."""
    story = Story(
        (0, "web", "u1 x@b.example", "identify"),
        (1, "web", "a1", "Product Added", LAMP),
        (2, "web", "u1 a1", "identify"),
        (3, "store", "u1", "Order Completed", {"order_id": "o"}),
    )
    assert story.mailed == []
    assert [row["profile_id"] for row in rows_of(story.topics, CONVERSIONS)] == [U1]


def test_what_has_counted_counts_on_neither_side_again() -> None:
    """A browser sends its last event once more after the split: the new profile knows that it had its effect."""
    again = {**LAMP, "messageId": "again"}
    story = Story(
        (0, "web", "u1 a1", "identify"),
        (1, "web", "a1", "Product Added", again),
        (11, "web", "a1", "Product Added", again),
        (12, "web", "a1", "Cart Viewed"),
    )
    assert sorted(row["message_id"] for row in rows_of(story.topics, STITCHED_EVENTS)) == ["again", "m0", "m3"]
    assert story.cart(story.new)[0] == "none>open 1 10"


def test_a_cap_holds_on_both_sides() -> None:
    """Whoever was written to before the split is not written to again because there are two profiles now."""
    story = Story(
        (0, "web", "u1 x@b.example", "identify"),
        (1, "web", "u1", "Product Added", LAMP),
        (50, "web", "x@b.example", "Product Added", RUG),
        split=X,
        at=45,
        campaigns="caps: {email: [{limit: 1, per: 7d}]}\n" + MAIL,
    )
    assert story.mailed == [("x@b.example", 31)]


def test_the_address_goes_with_its_identifier() -> None:
    """The e-mail was somebody else's: the user is no longer written to there."""
    story = Story(
        (0, "web", "u1 x@b.example", "identify"),
        (1, "web", "u1", "Product Added", RUG),
        split=X,
    )
    assert "open>abandoned 31 20" in story.cart(U1)
    assert story.mailed == []


def test_what_links_again_is_together_again() -> None:
    """A split is of the past: the next login joins the two once more."""
    story = Story(
        (0, "web", "u1 a1", "identify"),
        (11, "web", "u1 a1", "identify"),
        (12, "web", "a1", "Product Added", LAMP),
        (13, "store", "u1", "Order Completed", {"order_id": "o"}),
    )
    assert story.owners["m2"] == U1
    assert story.cart(U1)[-1] == "open>converted 13 10"


def test_one_that_was_never_linked() -> None:
    """There is nothing to cut: found is false, and nothing is written."""
    story = Story((0, "web", "a1", "page"), (1, "web", "u1", "page"))
    assert [r["found"] for r in story.receipts if r["agent"] == "identify"] == [False]
    assert story.splits == []


def test_two_visitors_that_only_it_held_together() -> None:
    """The e-mail that two browsers shared is cut off: three profiles, and each event of later is of its own."""
    story = Story(
        (0, "web", "a1 x@b.example", "identify"),
        (1, "web", "a2 x@b.example", "identify"),
        (11, "web", "a1", "page"),
        (12, "web", "a2", "page"),
        (13, "email", "x@b.example", "Email Opened"),
        split=X,
    )
    later = [story.owners[m] for m in ("m2", "m3", "m4")]
    assert len(set(later)) == 3


def test_a_former_id_stands_for_who_had_it() -> None:
    """What a visitor did before they were joined is theirs again: their first id leads to their new one."""
    story = Story(
        (0, "web", "a1", "page"),
        (1, "web", "u1 a1", "identify"),
    )
    rows = [r for r in rows_of(story.topics, IDENTITY_MERGES) if r["reason"] == "split_history"]
    assert [(r["merged_profile_id"], r["into_profile_id"]) for r in rows] == [(HASH(*A1), story.new)]


def test_a_device_that_moved_before_keeps_its_past_where_it_was() -> None:
    """Cutting somebody else's e-mail off does not send the tablet's first visits after its second user."""
    story = Story(
        (0, "web", "a1", "page"),
        (1, "web", "u1 a1 x@b.example", "identify"),
        (2, "web", "u2 a1", "identify"),
        split=X,
    )
    moved = [r["merged_profile_id"] for r in rows_of(story.topics, IDENTITY_MERGES) if r["reason"] == "split_history"]
    assert HASH(*A1) not in moved


def test_who_was_joined_with_nobody_takes_their_past_along() -> None:
    """An address was another's: without that one it is u1's, whose profile goes on, and so does their cart."""
    story = Story(
        (0, "web", "u2 x@b.example", "identify"),
        (1, "web", "u1 x@b.example", "identify"),
        (2, "web", "u1", "Product Added", LAMP),
        (11, "web", "u1", "Product Added", RUG),
        (12, "web", "x@b.example", "page"),
        split=Identifier("user_id", "u2"),
    )
    assert set(story.owners.values()) == {HASH("user_id", "u2"), U1}
    assert [story.owners[m] for m in ("m1", "m2", "m3", "m4")] == [U1] * 4
    assert story.cart(U1)[-2] == "open>abandoned 42 30"


def test_an_address_that_was_joined_with_nobody_is_merged_into_whom_it_is_joined_with() -> None:
    """Who had reported somebody else's order has it when that one is cut off, with the cart from before."""
    story = Story(
        (0, "web", "x@b.example a1", "Order Completed", {"order_id": "7", "revenue": 50}),
        (1, "web", "y@b.example", "Order Completed", {"order_id": "7", "revenue": 50}),
        (8, "web", "y@b.example", "Product Added", LAMP),
        (11, "web", "y@b.example", "Product Added", RUG),
        split=X,
    )
    whose, was = story.owners["m3"], HASH("email", "y@b.example")
    merged = [r for r in rows_of(story.topics, IDENTITY_MERGES) if r["merged_profile_id"] == was]
    assert [(r["into_profile_id"], r["reason"]) for r in merged] == [(whose, "link")]
    assert story.cart(whose)[-2] == "open>abandoned 41 30"
    orders = [row["orders"] for row in rows_of(story.topics, CONVERSIONS) if row["counts"]]
    assert sum(orders) == 1
