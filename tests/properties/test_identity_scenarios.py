"""Identity policy told as stories: each rule of the contract once, with the clusters and rows it must come to."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.identifiers import Hasher
from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, in_short, introduced, rules, told

HASH = Hasher(SECRET)
U1, U2, A1, A2 = HASH("user_id", "u1"), HASH("user_id", "u2"), HASH("anonymous_id", "a1"), HASH("anonymous_id", "a2")


def met(*who: str, **options: Any) -> Outcome:
    """The outcome of one identify after another, a minute apart; `u1<a2` is an alias call of u1 with previousId a2."""
    return agreed(introduced(*who), **options)


def test_first_sight_and_repeated_links() -> None:
    """A lone identifier is its own profile; the same link again emits nothing."""
    assert set(met("a1", "u1").clusters) == {A1, U1}
    again = met("u1 a1", "u1 a1")
    assert clusters(again) == {U1: "a1 u1"}
    assert [(m["merged_profile_id"], m["into_profile_id"]) for m in again.merges] == [(A1, U1)]


def test_the_survivor_has_the_user_id_else_came_first() -> None:
    """A user_id wins over everything; between two without, the one first seen in the links."""
    first = met("x@b.example a1", "y@b.example a2", "x@b.example a2")
    assert set(clusters(first)) == {HASH("email", "x@b.example")}
    later = met("y@b.example a2", "x@b.example a1", "x@b.example a2")
    assert set(clusters(later)) == {HASH("email", "y@b.example")}
    user = met("x@b.example a1", "x@b.example a2", "u1 a2")
    assert set(clusters(user)) == {U1}


def test_a_device_moves_to_whoever_logs_in() -> None:
    """user_limit: the shared tablet belongs to its latest user, its past stays with the one before."""
    outcome = met("u1 a1", "a1", "u2 a1", "a1", "u1 a1", "a1")
    assert rules(outcome) == ["merged link", "user_limit device_reassigned", "user_limit device_reassigned"]
    assert [row[0] for row in outcome.stitched] == [U1, U1, U2, U2, U1, U1]
    assert clusters(outcome) == {U1: "a1 u1"}


def test_policy_first_leaves_a_device_where_it_was() -> None:
    """user_limit under policy `first`: one row, and the tablet stays."""
    outcome = met("u1 a1", "u2 a1", "u2 a1", "a1", device_policy="first")
    assert rules(outcome) == ["merged link", "user_limit first"]
    assert outcome.stitched[-1][0] == U1


def test_a_person_keeps_their_address() -> None:
    """user_limit: an e-mail that two users claim stays with its first owner; one row however often it is claimed."""
    outcome = met("u1 x@b.example", "u2 x@b.example", "u2 x@b.example", "x@b.example")
    assert rules(outcome) == ["merged link", "user_limit person_id_kept"]
    assert outcome.stitched[1][0] == U2
    assert outcome.stitched[-1][0] == U1


def test_alias_joins_two_users_into_the_one_of_user_id() -> None:
    """alias: two user_ids become one profile, the one of userId; afterwards an identify of either is that profile's."""
    outcome = met("u1 a1", "u2 a2", "u1<u2", "u2")
    assert rules(outcome) == ["merged link", "merged link", "merged alias", "merged alias"]
    assert clusters(outcome) == {U1: "a1 a2 u1 u2 u2"}
    assert outcome.stitched[-1][0] == U1


@pytest.mark.parametrize("second", ["u1<u2", "u2<u1"])
def test_alias_twice_is_once(second: str) -> None:
    """alias: said again, in either direction, it joins nothing more but the anonymous id of the name."""
    outcome = met("u1<u2", second)
    assert {p for p, c in outcome.clusters.items() if any(i.type == "user_id" for i in c)} == {U1}


def test_alias_is_heard_when_the_device_is_named_twice() -> None:
    """alias: previousId may be the own anonymousId, as browsers send it; the alias joins under either policy."""
    for policy in ("latest", "first"):
        outcome = met("u1 a1", "u2 a1<a1", device_policy=policy)
        assert rules(outcome) == ["merged link", "merged alias", "merged alias"]
        assert clusters(outcome) == {U2: "a1 a1 u1 u2"}


def test_alias_to_oneself_is_no_link() -> None:
    """alias: userId equal to previousId links nothing."""
    assert rules(met("u1<u1")) == []


def test_type_limit_refuses_the_link_whole() -> None:
    """type_limit: the sixth e-mail is refused with one row, and its event is kept under the strongest identifier."""
    outcome = met(*(f"u1 e{n}@b.example" for n in range(6)), "u1 e5@b.example", "e5@b.example")
    assert rules(outcome)[5:] == ["type_limit type_limit"]
    assert outcome.stitched[5][0] == U1
    assert outcome.stitched[-1][0] == HASH("email", "e5@b.example")
    assert "e5@b.example" not in clusters(outcome)[U1]


def test_profile_limit_refuses_the_link_whole() -> None:
    """profile_limit: counted on the union of both sides."""
    outcome = met("u1 x@b.example", "y@b.example a2", "u1 a2", profile_limit=3)
    assert rules(outcome) == ["merged link", "merged link", "profile_limit profile_limit"]
    assert len(clusters(outcome)) == 2


def test_a_moved_device_counts_too() -> None:
    """A device does not move into a profile that is full."""
    outcome = met("u1 x@b.example", "u1 y@b.example", "u2 a3", "u1 a3", profile_limit=3)
    assert rules(outcome)[-1] == "profile_limit profile_limit"
    assert clusters(outcome) == {U1: "u1 x@b.example y@b.example", U2: "a3 u2"}


def test_a_chain_of_merges_in_one_link() -> None:
    """One event merges a brand new e-mail into a phone, and that into an older device: the phone's order counts."""
    phone = {"phone": "+4930123456"}
    events = [
        (0, "web", "a1", "Product Added", {"sku": "lamp", "price": 10, "context": {"device": {"id": "d1"}}}),
        (5, "store", "", "Order Completed", {"order_id": "o", "context": {"traits": phone}}),
        (10, "web", "a1", "page", {"context": {"traits": {**phone, "email": "x@b.example"}}}),
    ]
    outcome = agreed(told(*events))
    known, device = HASH("phone", "+4930123456"), HASH("device_id", "d1")
    assert [m["into_profile_id"] for m in outcome.merges] == [device, known, known, device]
    assert in_short(outcome.transitions) == ["none>open 0 10", "open>converted 10 10"]
