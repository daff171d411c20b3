"""Addresses that were only typed, told as stories: claims, which join less than what a customer has said."""

from __future__ import annotations

import pytest

from schemas.identifiers import Hasher
from tests.oracle.core import agreed
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, rules, told

HASH = Hasher(SECRET)
U1, U2, A1, A2 = HASH("user_id", "u1"), HASH("user_id", "u2"), HASH("anonymous_id", "a1"), HASH("anonymous_id", "a2")
X = HASH("email", "x@b.example")
TYPED = {"email": "X@b.example"}


def test_the_event_is_the_visitors() -> None:
    """An anonymousId and a typed address: the event belongs to the anonymousId's profile."""
    outcome = agreed(told((0, "web", "a1", "Checkout Started", TYPED)))
    assert outcome.stitched[0][0] in {A1, outcome.merges[0]["into_profile_id"] if outcome.merges else A1}


@pytest.mark.parametrize("owner", ["u1 x@b.example", "x@b.example a2"])
def test_two_who_are_known_are_not_joined(owner: str) -> None:
    """A customer who types the address of another stays who they are; said once on identity.merges."""
    outcome = agreed(
        told(
            (0, "web", owner, "identify"),
            (1, "web", "u2", "identify"),
            (2, "web", "u2", "Checkout Step Completed", TYPED),
            (60, "web", "u2", "Checkout Step Completed", TYPED),
        )
    )
    assert rules(outcome) == ["merged link", "typed typed"]
    assert [row[0] for row in outcome.stitched[1:]] == [U2] * 3


def test_an_address_that_was_only_typed_is_nobodys_own() -> None:
    """Typed by a visitor, then by a customer: nobody has said that it is theirs, so the claims join them."""
    outcome = agreed(
        told(
            (0, "web", "a1", "Checkout Started", TYPED),
            (60, "web", "u2", "Checkout Started", TYPED),
            (120, "web", "u2", "page"),
        )
    )
    assert clusters(outcome) == {U2: "a1 u2 x@b.example"}


def test_once_given_it_is_the_profiles_own() -> None:
    """The same, but an identify call has said since whose it is."""
    outcome = agreed(
        told(
            (0, "web", "a1", "Checkout Started", TYPED),
            (40, "web", "a1 x@b.example", "identify"),
            (60, "web", "u2", "Checkout Started", TYPED),
            (120, "web", "u2", "page"),
        )
    )
    assert rules(outcome)[-1] == "typed typed"


def test_an_address_that_was_refused_does_not_come_back_with_a_visitor() -> None:
    """u1 has named the phone of u0; a visitor types it, and proves to be u1: nobody writes to u0 for u1."""
    phone = "+49301234500"
    said = {"context": {"traits": {"phone": phone}}}
    step = "{id: s0, after: 1h, channel: sms, template: all}"
    campaigns = f"campaigns:\n  - {{id: c, trigger: {{on: event, name: Checkout Started}}, steps: [{step}]}}\n"
    events = [
        (0, "web", "u0", "identify", said), (1, "web", "u1", "identify", said),
        (10, "web", "a9", "Checkout Started", {"phone": phone}), (39, "web", "u1 a9", "page"),
    ]  # fmt: skip
    decisions = agreed(told(*events), campaigns).decisions
    assert [(row["outcome"], row["reason"]) for row in decisions] == [("suppressed", "no_contact")]


def test_a_message_to_a_mistyped_address_is_taken_back_from_who_the_visitor_is() -> None:
    """An order corrects the address and shows whose it is: the message is taken back in the profile that both are."""
    step = "{id: s0, after: 1m, channel: email, template: all}"
    campaigns = f"campaigns:\n  - {{id: c, trigger: {{on: event, name: Checkout Started}}, steps: [{step}]}}\n"
    events = [
        (0, "web", "u9 x@b.example", "identify"), (10, "web", "a1", "Checkout Started", {"email": "y@b.example"}),
        (20, "web", "a1", "Order Completed", {"order_id": "o1", "revenue": 9, **TYPED}),
    ]  # fmt: skip
    decisions = agreed(told(*events), campaigns).decisions
    found = [(row["profile_id"], row["outcome"], row["reason"]) for row in decisions]
    assert found == [(A1, "sent", None), (HASH("user_id", "u9"), "cancelled", "no_contact")]
