"""The alias call told as stories: in either direction, twice, early, late, and between two who have logged in."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.identifiers import Hasher
from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, in_short, rules, told

HASH = Hasher(SECRET)
U1, U2, A1 = HASH("user_id", "u1"), HASH("user_id", "u2"), HASH("anonymous_id", "a1")
# What previousId may be as well: nobody has ever used that name so.
A_OF_U1, A_OF_U2, U_OF_A1 = HASH("anonymous_id", "u1"), HASH("anonymous_id", "u2"), HASH("user_id", "a1")


def alias(minute: float, own: str, previous: str) -> tuple[Any, ...]:
    """An alias call: `own` was known as `previous`."""
    return minute, "web", own, "alias", {"previousId": previous}


def merged(outcome: Outcome) -> list[tuple[str, str]]:
    """(loser, winner) of each merge in order."""
    return [(m["merged_profile_id"], m["into_profile_id"]) for m in outcome.merges if not m.get("refused")]


def owners(outcome: Outcome) -> list[str]:
    """The profile of each event in order."""
    return [row[0] for row in outcome.stitched]


def test_forward() -> None:
    """A visitor browses, then signs up: the alias makes what they did the user's."""
    outcome = agreed(
        told(
            (0, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            alias(1, "u1", "a1"),
            (2, "web", "a1", "page"),
            (3, "web", "u1", "page"),
        )
    )
    # The name a1 stands for a user_id and an anonymous id; the user_id comes first and is nobody's.
    assert merged(outcome) == [(U_OF_A1, U1), (A1, U1)]
    assert rules(outcome) == ["merged alias", "merged alias"]
    assert owners(outcome) == [A1, U1, U1, U1]
    assert in_short(outcome.transitions)[0] == "none>open 0 10"
    assert clusters(outcome) == {U1: "a1 a1 u1"}


def test_reverse() -> None:
    """The call the other way round, the visitor's name as the new one, joins the same two; the user_id still wins."""
    outcome = agreed(
        told(
            (0, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            (1, "web", "u1", "page"),
            alias(2, "a1", "u1"),
            (3, "web", "a1", "page"),
        )
    )
    assert merged(outcome) == [(A1, U1), (A_OF_U1, U1)]
    assert owners(outcome) == [A1, U1, U1, U1]
    assert clusters(outcome) == {U1: "a1 u1 u1"}


@pytest.mark.parametrize(("first", "second"), [(("u1", "a1"), ("u1", "a1")), (("a1", "u1"), ("a1", "u1"))])
def test_twice(first: tuple[str, str], second: tuple[str, str]) -> None:
    """The same call again emits nothing."""
    outcome = agreed(told(alias(0, *first), alias(1, *second), alias(2, *second)))
    assert len(outcome.merges) == 2
    assert owners(outcome) == [U1, U1, U1]


def test_there_and_back() -> None:
    """Said in both directions, the second adds the other reading of the other name, and no more."""
    outcome = agreed(told(alias(0, "u1", "u2"), alias(1, "u2", "u1"), alias(2, "u1", "u2")))
    assert merged(outcome) == [(U2, U1), (A_OF_U2, U1), (A_OF_U1, U1)]
    assert owners(outcome) == [U1, U1, U1]


def test_before_either_was_seen() -> None:
    """The alias is the first that is heard of both; whoever comes later under either name is that one customer."""
    outcome = agreed(
        told(
            alias(0, "u1", "a1"),
            (1, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            (2, "web", "u1", "Order Completed", {"order_id": "o"}),
        )
    )
    assert owners(outcome) == [U1, U1, U1]
    assert in_short(outcome.transitions) == ["none>open 1 10", "open>converted 2 10"]


def test_of_two_seen_ids() -> None:
    """Both have done something: their carts become one, and the order of one converts it."""
    outcome = agreed(
        told(
            (0, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            (1, "app", "u1", "Product Added", {"sku": "rug", "price": 20}),
            alias(2, "u1", "a1"),
            (3, "store", "u1", "Order Completed", {"order_id": "o"}),
        )
    )
    assert owners(outcome) == [A1, U1, U1, U1]
    assert in_short(outcome.transitions) == ["none>open 0 10", "none>open 1 20", "open>converted 3 30"]
    assert [(row["order_id"], row["profile_id"]) for row in outcome.conversions] == [("o", U1)]


def test_of_two_user_ids() -> None:
    """The producer's word joins two who have logged in: one order counts for both carts; the survivor is userId's."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1", "Product Added", {"sku": "lamp", "price": 10}),
            (1, "app", "u2 a2", "Product Added", {"sku": "rug", "price": 20}),
            alias(2, "u2", "u1"),
            (3, "web", "a1", "page"),
            (4, "store", "u1", "Order Completed", {"order_id": "o"}),
        )
    )
    assert merged(outcome)[2:] == [(U1, U2), (A_OF_U1, U2), (HASH("order_id", "o"), U2)]
    assert owners(outcome) == [U1, U2, U2, U2, U2]
    assert in_short(outcome.transitions)[-1] == "open>converted 4 30"
    assert clusters(outcome) == {U2: "a1 a2 o u1 u1 u2"}


def test_after_two_users_are_one_neither_takes_a_device_from_the_other() -> None:
    """Two user_ids in one profile: a login as either on either device is no move any more."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1", "identify"),
            (1, "web", "u2 a2", "identify"),
            alias(2, "u1", "u2"),
            (3, "web", "u2 a1", "identify"),
            (4, "web", "u1 a2", "identify"),
        )
    )
    assert rules(outcome) == ["merged link", "merged link", "merged alias", "merged alias"]
    assert owners(outcome)[2:] == [U1, U1, U1]


def test_a_chain_of_aliases() -> None:
    """Renamed twice: the first name leads to the last one."""
    outcome = agreed(
        told((0, "web", "u1", "page"), alias(1, "u2", "u1"), alias(2, "u3", "u2"), (3, "web", "u1", "page"))
    )
    u3 = HASH("user_id", "u3")
    assert owners(outcome) == [U1, U2, u3, u3]


def test_a_device_that_moved_away_comes_home_through_an_alias() -> None:
    """u1's tablet goes to u2, then the two turn out to be one: its events stay theirs."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1", "identify"),
            (1, "web", "u2 a1", "identify"),
            alias(2, "u1", "u2"),
            (3, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            (4, "web", "u2", "Order Completed", {"order_id": "o"}),
        )
    )
    assert owners(outcome) == [U1, U2, U1, U1, U1]
    assert in_short(outcome.transitions) == ["none>open 3 10", "open>converted 4 10"]
