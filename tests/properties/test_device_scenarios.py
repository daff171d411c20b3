"""Devices that several people use, told as stories: whose cart it is, who is mailed, and who is not."""

from __future__ import annotations

from schemas.identifiers import Hasher
from tests.oracle.core import agreed
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, introduced, minute_of, rules, told

HASH = Hasher(SECRET)
U1, U2, A1 = HASH("user_id", "u1"), HASH("user_id", "u2"), HASH("anonymous_id", "a1")
MAIL = """
campaigns:
  - id: mail
    trigger: {on: cart_abandoned}
    exit_on: [order_completed]
    steps: [{id: reminder, after: 0m, channel: email, template: cart_reminder}]
"""


def test_a_second_user_on_the_shared_tablet_and_browsing_there() -> None:
    """Anonymous browsing belongs to who logged in last; carts stay apart, and each is mailed about their own."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1 one@b.example", "identify"),
            (1, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            (5, "web", "u2 a1 two@b.example", "identify"),
            (6, "web", "a1", "Product Added", {"sku": "rug", "price": 20}),
            (7, "web", "a1", "page"),
        ),
        MAIL,
    )
    assert [row[0] for row in outcome.stitched] == [U1, U1, U2, U2, U2]
    assert rules(outcome)[-1] == "user_limit device_reassigned"
    assert clusters(outcome) == {U1: "one@b.example u1", U2: "a1 two@b.example u2"}
    opened = [(t["profile_id"], t["value"]) for t in outcome.transitions if t["to"] == "open"]
    assert opened == [(U1, 10), (U2, 20)]
    sent = [(m["to"], minute_of(m["decided_at"])) for m in outcome.messages]
    assert sorted(sent) == [("one@b.example", 31), ("two@b.example", 37)]


def test_what_the_second_user_buys_there_is_not_the_first_ones() -> None:
    """The second user's order on the tablet converts the second user's cart; the first is still reminded."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1 one@b.example", "Product Added", {"sku": "lamp", "price": 10}),
            (5, "web", "u2 a1", "identify"),
            (6, "web", "a1", "Product Added", {"sku": "rug", "price": 20}),
            (7, "web", "a1", "Order Completed", {"order_id": "o"}),
        ),
        MAIL,
    )
    assert [(row["order_id"], row["profile_id"]) for row in outcome.conversions] == [("o", U2)]
    assert [m["to"] for m in outcome.messages] == ["one@b.example"]


def test_anonymous_before_anybody_logged_in() -> None:
    """What was done on the tablet before the first login goes to the first who logs in, and stays there."""
    outcome = agreed(
        told(
            (0, "web", "a1", "Product Added", {"sku": "lamp", "price": 10}),
            (1, "web", "u1 a1", "identify"),
            (2, "web", "u2 a1", "identify"),
            (3, "web", "u2", "Order Completed", {"order_id": "o"}),
        )
    )
    assert [row[0] for row in outcome.stitched] == [A1, U1, U2, U2]
    assert [(t["profile_id"], t["to"]) for t in outcome.transitions] == [
        (A1, "open"), (U1, "abandoned"), (U1, "expired"),
    ]  # fmt: skip


def test_taking_turns() -> None:
    """The tablet goes to and fro; each time there is a row, and each event in between is of whoever had it then."""
    outcome = agreed(introduced("u1 a1", "a1", "u2 a1", "a1", "u1 a1", "a1", "u2 a1", "a1"))
    assert [row[0] for row in outcome.stitched] == [U1, U1, U2, U2, U1, U1, U2, U2]
    assert rules(outcome) == ["merged link", *["user_limit device_reassigned"] * 3]


def test_identify_when_already_identified_as_another() -> None:
    """A new userId without a logout: the device goes to the new user, the e-mail that it also names stays."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1 x@b.example", "identify"),
            (1, "web", "u2 a1 x@b.example", "identify"),
            (2, "web", "a1", "page"),
            (3, "email", "x@b.example", "Email Opened"),
        )
    )
    assert [row[0] for row in outcome.stitched] == [U1, U2, U2, U1]
    assert rules(outcome)[2:] == ["user_limit person_id_kept", "user_limit device_reassigned"]
    assert clusters(outcome) == {U1: "u1 x@b.example", U2: "a1 u2"}


def test_every_kind_of_device_moves() -> None:
    """Device id, advertising id and push token move as the anonymous id does; a loyalty card does not."""
    named = {"id": "d", "advertisingId": "ad", "token": "t"}
    device = {"context": {"device": named, "externalIds": [{"type": "card", "id": "c"}]}}
    outcome = agreed(told((0, "app", "u1 a1", "identify", device), (1, "app", "u2 a1", "identify", device)))
    assert rules(outcome)[5:] == ["user_limit person_id_kept", *["user_limit device_reassigned"] * 4]
    assert clusters(outcome) == {U1: "c u1", U2: "a1 ad d t u2"}


def test_two_users_on_one_device_and_a_third_without() -> None:
    """A device that has moved brings nobody together: e-mails named on it go to who has it."""
    outcome = agreed(
        told(
            (0, "web", "u1 a1", "identify"),
            (1, "web", "u2 a1", "identify"),
            (2, "web", "a1 x@b.example", "identify"),
            (3, "web", "u3 x@b.example", "identify"),
        )
    )
    assert clusters(outcome) == {U2: "a1 u2 x@b.example"}
    assert rules(outcome)[-1] == "user_limit person_id_kept"
