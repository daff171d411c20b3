"""Scenarios in which the order of delivery matters, written out by hand and delivered in many ways."""

from __future__ import annotations

import pytest

from schemas.identifiers import Hasher
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, in_short, minute_of, rules, told
from tests.simulation.delivered import delivered

HASH = Hasher(SECRET)
U1, U2, A1, A2 = HASH("user_id", "u1"), HASH("user_id", "u2"), HASH("anonymous_id", "a1"), HASH("anonymous_id", "a2")
MAIL = """
campaigns:
  - id: mail
    trigger: {on: cart_abandoned}
    exit_on: [order_completed]
    steps: [{id: reminder, after: 0m, channel: email, template: cart_reminder}]
"""
MS = 1 / 60_000
LAMP, RUG = {"sku": "lamp", "price": 10}, {"sku": "rug", "price": 20}
BED, SOFA = {"sku": "bed", "price": 300}, {"sku": "sofa", "price": 4_000}


@pytest.mark.parametrize(("later", "owner"), [(0, U1), (0.001, U2), (-0.001, U1)])
def test_two_identifies_of_one_anonymous_id_on_two_workers(later: float, owner: str) -> None:
    """Whichever worker is faster, the device is of who logged in later; at one instant the order of sources decides."""
    events = [
        (0, "store", "a1", "Product Added", {**LAMP, "partition": 3}),
        (5, "web", "u1 a1", "identify", {"partition": 1}),
        (5 + later, "app", "u2 a1", "identify", {"partition": 2}),
        (6, "messenger", "a1", "Product Added", {**RUG, "partition": 0}),
    ]
    outcome = delivered(told(*events))
    assert rules(outcome) == ["merged link", "user_limit device_reassigned"]
    assert outcome.stitched[-1][0] == owner
    # The cart of before is of who logged in first, the other device's of who has it now.
    first = U2 if later <= 0 else U1
    assert outcome.merges[0]["into_profile_id"] == first
    assert {(t["profile_id"], t["value"]) for t in outcome.transitions if t["to"] == "open"} == {(A1, 10), (owner, 20)}


def test_two_workers_join_two_visitors_through_one_email() -> None:
    """Two identifies name one e-mail at one instant on two workers: three become one, whoever is heard first."""
    events = [
        (0, "web", "a1", "Product Added", {**LAMP, "partition": 0}),
        (1, "app", "a2", "Product Added", {**RUG, "partition": 1}),
        (5, "web", "a1 x@b.example", "identify", {"partition": 2}),
        (5, "app", "a2 x@b.example", "identify", {"partition": 3}),
        (6, "store", "x@b.example", "Order Completed", {"partition": 1}),
    ]
    outcome = delivered(told(*events))
    assert list(clusters(outcome).values()) == ["a1 a2 x@b.example"]
    assert in_short(outcome.transitions)[-1] == "open>converted 6 30"


def test_a_chain_of_three_merges_in_flight_at_once() -> None:
    """Four carts on four partitions; three merges within two milliseconds, each of what the one before made."""
    phone = {"context": {"traits": {"phone": "+4930123456"}}}
    both = {"context": {"traits": {"phone": "+4930123456", "email": "x@b.example"}}}
    events = [
        (0, "web", "a1", "Product Added", {**LAMP, "partition": 0}),
        (1, "app", "x@b.example", "Product Added", {**RUG, "partition": 1}),
        (2, "store", "", "Product Added", {**BED, **phone, "partition": 2}),
        (3, "messenger", "u1", "Product Added", {**SOFA, "partition": 3}),
        (4, "web", "a1 x@b.example", "identify", {"partition": 1}),
        (4 + MS, "app", "", "identify", {**both, "partition": 2}),
        (4 + 2 * MS, "web", "u1", "identify", {**phone, "partition": 0}),
        (5, "marketplace", "a1", "Order Completed", {"partition": 3}),
    ]
    outcome = delivered(told(*events), seeds=range(8))
    assert rules(outcome) == ["merged link"] * 3
    assert list(clusters(outcome).values()) == ["+4930123456 a1 u1 x@b.example"]
    assert in_short(outcome.transitions)[-1] == "open>converted 5 4330"
    assert [row["profile_id"] for row in outcome.conversions] == [U1]


def test_a_chain_at_one_instant_on_one_event() -> None:
    """One event links five: four merges under one key, each of another profile with a cart."""
    device = {"id": "d1", "token": "t1"}
    everything = {"context": {"device": device, "traits": {"email": "x@b.example"}}}
    events = [
        (0, "web", "a1", "Product Added", {**LAMP, "partition": 0}),
        (1, "app", "", "Product Added", {**RUG, "context": {"device": {"id": "d1"}}, "partition": 1}),
        (2, "store", "", "Product Added", {**BED, "context": {"device": {"token": "t1"}}, "partition": 2}),
        (3, "messenger", "x@b.example", "Product Added", {**SOFA, "partition": 3}),
        (4, "web", "u1 a1", "identify", everything),
        (5, "store", "u1", "Order Completed", {}),
    ]
    outcome = delivered(told(*events))
    assert [m["into_profile_id"] for m in outcome.merges] == [U1] * 4
    assert in_short(outcome.transitions)[-1] == "open>converted 5 4330"


@pytest.mark.parametrize(("minute", "whose", "mailed"), [(29.99, U1, [U1]), (30, A1, []), (30.01, A1, [])])
def test_a_merge_while_the_losers_cart_timer_is_due(minute: float, whose: str, mailed: list[str]) -> None:
    """The timer is first at one instant, of a loser without an address; a moment earlier the merge is."""
    events = [
        (0, "web", "a1", "Product Added", {**LAMP, "partition": 0}),
        (1, "app", "u1 x@b.example", "identify", {"partition": 1}),
        (minute, "app", "u1 a1", "identify", {"partition": 2}),
    ]
    outcome = delivered(told(*events), MAIL)
    abandoned = [(t["profile_id"], minute_of(t["at"])) for t in outcome.transitions if t["to"] == "abandoned"]
    assert abandoned == [(whose, 30)]
    assert [m["profile_id"] for m in outcome.messages] == mailed


@pytest.mark.parametrize(("bought", "mailed"), [(-MS, []), (0, ["x@b.example"]), (MS, ["x@b.example"])])
def test_the_losers_step_is_due_when_the_winner_buys(bought: float, mailed: list[str]) -> None:
    """A reminder is due in the loser a minute after the merge: the winner's order a moment before it cancels it."""
    due = 30 + 20 * 60
    events = [
        (0, "web", "a1 x@b.example", "Product Added", {**LAMP, "partition": 0}),
        (due - 1, "app", "u1 a1", "identify", {"partition": 2}),
        (due + bought, "store", "u1", "Order Completed", {"partition": 1}),
    ]
    outcome = delivered(told(*events), MAIL.replace("after: 0m", "after: 20h"))
    assert [m["to"] for m in outcome.messages] == mailed


def test_transfers_that_cross() -> None:
    """u1's tablet goes to u2 while an alias makes u2 u1's: state and events are under way in both directions."""
    events = [
        (0, "web", "u1 a1", "Product Added", {**LAMP, "partition": 0}),
        (1, "app", "u2 a2", "Product Added", {**RUG, "partition": 1}),
        (2, "marketplace", "u2 a1", "identify", {"partition": 2}),
        (2 + MS, "web", "a1", "Product Added", {**BED, "partition": 3}),
        (2 + 2 * MS, "messenger", "u1 a2", "identify", {"partition": 0}),
        (2 + 3 * MS, "app", "a2", "Product Added", {**SOFA, "partition": 2}),
        (3, "web", "u1", "alias", {"previousId": "u2", "partition": 1}),
        (4, "marketplace", "a1", "Order Completed", {"partition": 1}),
    ]
    outcome = delivered(told(*events), seeds=range(8))
    assert rules(outcome) == [
        "merged link", "merged link", *["user_limit device_reassigned"] * 2, "merged alias", "merged alias",
    ]  # fmt: skip
    assert in_short(outcome.transitions)[-1] == "open>converted 4 4330"


def test_stragglers_for_a_retired_id() -> None:
    """Events under an old name, one before and one after the merge, come last: each takes effect at its own time."""
    events = [
        (0, "web", "a1", "Product Added", {**LAMP, "partition": 0}),
        (5, "web", "u1 a1", "identify", {"partition": 1}),
        (4, "app", "a1", "Product Added", {**RUG, "partition": 2}),
        (6, "messenger", "a1", "Product Added", {**BED, "partition": 3}),
        (7, "store", "u1", "Order Completed", {"partition": 0}),
    ]
    outcome = delivered(told(*events))
    assert [row[0] for row in outcome.stitched] == [A1, A1, U1, U1, U1]
    assert in_short(outcome.transitions)[-1] == "open>converted 7 330"
