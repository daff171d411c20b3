"""What becomes of an address that was typed, told as stories: it waits, is replaced or confirmed; who is written to."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.identifiers import Hasher
from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, minute_of, rules, told

HASH = Hasher(SECRET)
U1, A1 = HASH("user_id", "u1"), HASH("anonymous_id", "a1")
STEP = "Checkout Step Completed"
X, Y, HALF = {"email": "X@b.example"}, {"email": "y@b.example"}, {"email": "x@b.ex"}
LAMP = {"sku": "lamp", "price": 10}
DUE = 30 - 1 / 60_000
"""The last millisecond of half an hour, in minutes."""
KNOWN = (0, "web", "u1 x@b.example", "identify")
AT_ONCE = """campaigns:
  - {id: now, trigger: {on: product_added}, reentry: always,
     steps: [{id: one, after: 0m, channel: best, of: [email, sms], template: all}]}
"""
LEFT = """campaigns:
  - {id: back, trigger: {on: cart_abandoned}, steps: [{id: one, after: 0m, channel: email, template: cart_reminder}]}
"""


def merged(outcome: Outcome) -> list[float]:
    """The minutes of the merges."""
    return [round(minute_of(row["merged_at"]), 6) for row in outcome.merges if "refused" not in row]


def whose(outcome: Outcome) -> list[str]:
    """The profile of each event, in the order of the events."""
    return [row[0] for row in sorted(outcome.stitched, key=lambda row: row[2])]


def sent(outcome: Outcome) -> list[tuple[float, str]]:
    """When each message was decided, and to whom it goes."""
    return [(minute_of(row["decided_at"]), row["to"]) for row in outcome.messages]


def taken_back(outcome: Outcome) -> list[tuple[float, str]]:
    """When each message was taken back, and why."""
    return [(minute_of(d["decided_at"]), d["reason"]) for d in outcome.decisions if d["outcome"] == "cancelled"]


def test_it_links_half_an_hour_after_it_was_typed() -> None:
    """Until then the visitor is a stranger; typed again in between, it links no later."""
    outcome = agreed(
        told(KNOWN, (10, "web", "a1", STEP, X), (39, "web", "a1", STEP, X), (40, "web", "a1", "page")),
    )
    assert merged(outcome) == [0, round(10 + DUE, 6)]
    assert whose(outcome) == [U1, A1, A1, U1]


def test_a_claim_comes_before_the_timers_of_its_time() -> None:
    """A cart left alone since its visitor typed an address is abandoned by the customer of that address."""
    outcome = agreed(told(KNOWN, (10, "web", "a1", "Checkout Started", {"products": [LAMP], **X})), LEFT)
    assert [t["profile_id"] for t in outcome.transitions if t["to"] == "abandoned"] == [U1]


@pytest.mark.parametrize("first", [X, HALF, {"email": "x@b.exampel"}])
def test_the_last_one_typed_is_the_visitors(first: dict[str, Any]) -> None:
    """Half-typed or mistyped, or a customer's: what another has replaced in time never links, and touches nobody."""
    outcome = agreed(told(KNOWN, (10, "web", "a1", STEP, first), (39.9, "web", "a1", STEP, Y)))
    assert merged(outcome) == [0, round(39.9 + DUE, 6)]
    assert clusters(outcome)[U1] == "u1 x@b.example"
    assert "a1 y@b.example" in clusters(outcome).values()


def test_replaced_too_late() -> None:
    """After half an hour it is linked, and another one typed is a second address."""
    outcome = agreed(told((0, "web", "a1", STEP, X), (30, "web", "a1", STEP, Y)))
    assert clusters(outcome) == {outcome.merges[0]["into_profile_id"]: "a1 x@b.example y@b.example"}


def test_an_email_takes_no_phones_place() -> None:
    """An e-mail and a phone are two claims, also in one event."""
    outcome = agreed(told((0, "web", "a1", STEP, {**X, "phone": "+4930123456"}), (1, "web", "a1", STEP, Y)))
    assert list(clusters(outcome).values()) == ["+4930123456 a1 y@b.example"]


def test_back_to_the_first() -> None:
    """X, then Y, then X again: X links, half an hour after it was typed last."""
    outcome = agreed(told(*((n, "web", "a1", STEP, one) for n, one in ((0, X), (5, Y), (7, X)))))
    assert (merged(outcome), list(clusters(outcome).values())) == ([round(7 + DUE, 6)], ["a1 x@b.example"])


def test_an_own_address_takes_its_place() -> None:
    """Who is known by an address and types it after a mistyped one has corrected themselves."""
    outcome = agreed(told(KNOWN, (1, "web", "u1", STEP, Y), (2, "web", "u1", STEP, X)))
    assert clusters(outcome) == {U1: "u1 x@b.example"}


@pytest.mark.parametrize(
    ("who", "name", "properties", "when"),
    [
        ("a1", "Order Completed", {"revenue": 5}, 5),
        ("a1", "Order Completed", {"revenue": 5, **X}, 5),
        ("a1", "Order Completed", {"revenue": 5, "gift": True}, DUE),
        ("a1", "Order Completed", {"revenue": 5, "subscription_renewal": True}, DUE),
        ("a1", "Order Refunded", {"revenue": 5}, DUE),
        ("a1", "identify", {}, 5),
        ("a1 x@b.example", "identify", {}, 5),
        ("a2", "identify", {}, DUE),
        ("a1", "page", {}, DUE),
    ],
)
def test_an_order_and_an_identify_confirm(who: str, name: str, properties: dict[str, Any], when: float) -> None:
    """At once, at their own time, if they are this visitor's; nothing else does."""
    outcome = agreed(told((0, "web", "a1", STEP, X), (5, "web", who, name, properties)))
    assert merged(outcome) == [round(when, 6)]


def test_a_till_confirms_nothing() -> None:
    """What a machine of the staff tells of nobody is no word of the visitor's."""
    outcome = agreed(told((0, "web", "a1", STEP, X), (5, "store", "a1", "identify")))
    assert merged(outcome) == [round(DUE, 6)]


def test_an_address_typed_with_an_order_links_with_it() -> None:
    """It takes the place of the one typed before, and is confirmed in the same event."""
    outcome = agreed(told((0, "web", "a1", STEP, HALF), (5, "web", "a1", "Order Completed", {"revenue": 5, **X})))
    assert (merged(outcome), list(clusters(outcome).values())) == ([5], ["a1 x@b.example"])


def test_an_identify_call_that_gives_another_address() -> None:
    """What the customer says at last counts: the typed one is none of theirs."""
    outcome = agreed(told((0, "web", "a1", STEP, X), (5, "web", "u1 a1 y@b.example", "identify")))
    assert clusters(outcome) == {U1: "a1 u1 y@b.example"}


def test_the_claim_is_the_customers_that_the_visitor_has_become() -> None:
    """Typed before the login, replaced or confirmed after it."""
    before = ((0, "web", "a1", STEP, HALF), (1, "web", "u1 a1", "page"))
    assert clusters(agreed(told(*before, (2, "web", "u1", STEP, X)))) == {U1: "a1 u1 x@b.example"}
    confirmed = agreed(told(*before, (2, "web", "u1", "Order Completed", {"revenue": 5})))
    assert clusters(confirmed) == {U1: "a1 u1 x@b.ex"}


def test_who_is_known_by_then_is_not_joined() -> None:
    """Nobody was known when it was typed, both are when it is due: refused, and not written to any more."""
    outcome = agreed(
        told(
            (0, "web", "a1", STEP, X), (1, "web", "u2 x@b.example", "identify"), (2, "web", "u1 a1", "page"),
            (20, "web", "u1", "Product Added", LAMP), (40, "web", "u1", "Product Added", {"sku": "bulb", "price": 3}),
        ),
        AT_ONCE,
    )  # fmt: skip
    assert rules(outcome) == ["merged link", "merged link", "typed typed"]
    assert sent(outcome) == [(20, "x@b.example")]
    assert (round(30 - 1 / 60_000, 6), "no_contact") in [(round(at, 6), why) for at, why in taken_back(outcome)]


def test_the_visitors_contact_point_at_once() -> None:
    """Messages go to what was typed last; what went to the one it replaced is taken back."""
    outcome = agreed(
        told(
            (0, "web", "a1", STEP, X), (1, "web", "a1", "Product Added", LAMP),
            (2, "web", "a1", STEP, Y), (3, "web", "a1", "Product Added", {"sku": "bulb", "price": 3}),
        ),
        AT_ONCE,
    )  # fmt: skip
    assert sent(outcome) == [(1, "x@b.example"), (3, "y@b.example")]
    assert taken_back(outcome) == [(2, "no_contact")]


def test_the_one_before_is_no_way_back() -> None:
    """The address of another customer, typed after a mistyped one: neither is a contact point of who typed them."""
    outcome = agreed(
        told(
            KNOWN, (1, "web", "u2 own@b.example", "identify"), (2, "web", "u2", STEP, HALF), (3, "web", "u2", STEP, X),
            (4, "web", "u2", "Product Added", LAMP),
        ),
        AT_ONCE,
    )  # fmt: skip
    assert sent(outcome) == [(4, "own@b.example")]


def test_typed_again_it_is_a_contact_point_again() -> None:
    """X, Y, X: the message goes to X."""
    steps = [(n, "web", "a1", STEP, one) for n, one in ((0, X), (5, Y), (7, X))]
    outcome = agreed(told(*steps, (8, "web", "a1", "Product Added", LAMP)), AT_ONCE)
    assert sent(outcome) == [(8, "x@b.example")]


@pytest.mark.parametrize(
    ("who", "more", "when"),
    [
        ("x@b.example", {}, 5),
        ("y@b.example", {}, DUE),
        ("", {}, DUE),
        ("x@b.example", {"machine": True}, DUE),
        ("x@b.example", {"message_id": "0" * 48}, DUE),
    ],
)
def test_a_click_on_a_message_that_went_there_confirms(who: str, more: dict[str, Any], when: float) -> None:
    """Of a person, on a message of ours to this visitor, with the address that it went to."""
    typed = ((0, "web", "a1", STEP, X), (1, "web", "a1", "Product Added", LAMP))
    (message,) = agreed(told(*typed), AT_ONCE).messages
    click = (5, "email", who, "Email Link Clicked", {"message_id": message["message_id"], **more})
    assert round(when, 6) in merged(agreed(told(*typed, click), AT_ONCE))


def test_what_was_typed_goes_where_its_visitor_goes() -> None:
    """A device that changes hands before the claim is due takes it along."""
    events = ((0, "web", "u1 a1", "page"), (1, "web", "a1", STEP, X), (2, "web", "u2 a1", "page"))
    assert clusters(agreed(told(*events)))[HASH("user_id", "u2")] == "a1 u2 x@b.example"
