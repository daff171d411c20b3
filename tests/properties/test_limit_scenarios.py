"""Limits told as stories: 201 identifiers, an e-mail that two claim, a value that everybody sends."""

from __future__ import annotations

from typing import Any

from schemas.identifiers import Hasher, Identifier
from tests.oracle.core import agreed
from tests.oracle.outcome import Outcome
from tests.oracle.run import SECRET
from tests.oracle.story import clusters, rules, told

HASH = Hasher(SECRET)
U1, U2 = HASH("user_id", "u1"), HASH("user_id", "u2")


def held(outcome: Outcome, profile_id: str) -> set[Identifier]:
    """What a profile holds at the end."""
    return outcome.clusters[profile_id]


def identified(minute: int, who: str, type_: str, value: str) -> tuple[Any, ...]:
    """An identify call that names one identifier more."""
    match type_:
        case "email":
            context: dict[str, Any] = {"traits": {"email": value}}
        case "phone":
            context = {"traits": {"phone": value}}
        case "device_id":
            context = {"device": {"id": value}}
        case "advertising_id":
            context = {"device": {"advertisingId": value}}
        case "push_token":
            context = {"device": {"token": value}}
        case "anonymous_id":
            return minute, "web", f"{who} {value}", "identify", {}
        case _:
            context = {"externalIds": [{"type": type_, "id": value}]}
    return minute, "web", who, "identify", {"context": context}


MANY = [
    *(("email", f"m{n}@b.example") for n in range(5)),
    *(("phone", f"+4930123450{n}") for n in range(5)),
    *((type_, f"{type_[0]}{n}") for type_, count in (("seat", 20), ("locker", 20), ("tag", 10)) for n in range(count)),
    *((type_, f"{type_[0]}{n}") for type_ in ("device_id", "advertising_id", "push_token") for n in range(20)),
    *((type_, f"{type_[0]}{n}") for type_ in ("card", "buyer", "handle", "ga_client_id") for n in range(20)),
]
"""As many of each type as one profile may hold or fewer, 200 in all: with its user_id one more than the profile may."""


def test_201_identifiers() -> None:
    """The 200th identifier is taken, the 201st refused by profile_limit, and the event that brought it is kept."""
    assert len(MANY) == 200
    events = [identified(n, "u1", *one) for n, one in enumerate(MANY)]
    again = identified(200, "u1", *MANY[-1])
    alone = (201, "web", "", "page", {"context": {"externalIds": [{"type": "ga_client_id", "id": "g19"}]}})
    outcome = agreed(told(*events, again, alone))
    assert len(held(outcome, U1)) == 200
    assert rules(outcome) == ["merged link"] * 199 + ["profile_limit profile_limit"]
    assert [row[0] for row in outcome.stitched] == [U1] * 201 + [HASH("ga_client_id", "g19")]


def test_201_through_one_merge() -> None:
    """A profile of 100 and one of 101: the pair that would join them is refused whole. Of 100 and 100 it joins them."""
    user = [identified(n, "u1", *one) for n, one in enumerate(MANY[:99])]
    card = {"type": "card", "id": "c0"}
    joining = (500, "web", "u1", "page", {"context": {"externalIds": [card]}})
    afterwards = (501, "web", "", "page", {"context": {"externalIds": [card]}})
    for size, rule, owner in ((101, "profile_limit profile_limit", HASH("card", "c0")), (100, "merged link", U1)):
        others = [one for one in MANY[99:] if one != ("card", "c0")][: size - 1]
        cards = [identified(100 + n, "", *one) for n, one in enumerate(others)]
        for *_, properties in cards:
            context = properties["context"]
            context["externalIds"] = [card, *context.get("externalIds", ())]
        outcome = agreed(told(*user, *cards, joining, afterwards))
        assert rules(outcome)[-1] == rule
        assert sorted(len(c) for c in outcome.clusters.values()) == ([100, 101] if size == 101 else [200])
        assert outcome.stitched[-2][0] == U1
        assert (outcome.stitched[-1][0] == U1) == (owner == U1)


def test_each_type_has_its_limit() -> None:
    """One more than the limit of a type is refused by type_limit, for each type but the anonymous id."""
    limits = {"email": 5, "phone": 5, "device_id": 20, "push_token": 20, "card": 20}
    for type_, limit in limits.items():
        form = {"phone": "+4930123{:03}", "email": "m{}@b.example"}.get(type_, "a{}")
        values = [form.format(n) for n in range(limit + 1)]
        outcome = agreed(told(*(identified(n, "u1", type_, value) for n, value in enumerate(values))))
        assert rules(outcome) == ["merged link"] * limit + ["type_limit type_limit"], type_
        assert len(held(outcome, U1)) == limit + 1


def test_an_email_of_two_users() -> None:
    """It stays with the first who claimed it, and both stay two: what is done under it alone is the first one's."""
    outcome = agreed(
        told(
            (0, "web", "u1 x@b.example", "identify"),
            (1, "web", "u2 x@b.example", "Product Added", {"sku": "lamp", "price": 10}),
            (2, "email", "x@b.example", "Email Opened"),
            (3, "store", "x@b.example", "Order Completed", {"order_id": "o"}),
            (4, "web", "u2 x@b.example", "page"),
        )
    )
    assert rules(outcome) == ["merged link", "user_limit person_id_kept", "merged link"]
    assert [row[0] for row in outcome.stitched] == [U1, U2, U1, U1, U2]
    assert [row["profile_id"] for row in outcome.conversions] == [U1]
    assert clusters(outcome) == {U1: "o u1 x@b.example"}


def test_an_email_of_two_users_seen_alone_first() -> None:
    """The e-mail has a past of its own: that past is whose claims it first."""
    outcome = agreed(
        told(
            (0, "store", "x@b.example", "Order Completed", {"order_id": "o"}),
            (1, "web", "u2 x@b.example", "identify"),
            (2, "web", "u1 x@b.example", "identify"),
        )
    )
    assert clusters(outcome) == {U2: "o u2 x@b.example"}


def test_a_value_that_everybody_sends() -> None:
    """201 users with one card number and one device: one of them has the card, the last has the device."""
    context = {"externalIds": [{"type": "card", "id": "shared"}]}
    outcome = agreed(told(*((n, "web", f"u{n} a1", "identify", {"context": dict(context)}) for n in range(201))))
    assert rules(outcome).count("user_limit person_id_kept") == 200
    assert rules(outcome).count("user_limit device_reassigned") == 200
    assert clusters(outcome) == {HASH("user_id", "u0"): "shared u0", HASH("user_id", "u200"): "a1 u200"}


def test_an_sdk_that_makes_a_new_id_for_every_call() -> None:
    """Seventy anonymous ids beside one userId, then a phone: the oldest make room, nothing is refused."""
    calls = [identified(n, "u1", "anonymous_id", f"a{n}") for n in range(70)]
    outcome = agreed(
        told(*calls, identified(80, "u1", "device_id", "d1"), (81, "web", "a0", "page"), (82, "web", "a69", "page"))
    )
    assert len(held(outcome, U1)) == 52
    assert set(rules(outcome)) == {"merged link", "type_limit made_room"}
    assert outcome.stitched[-1][0] == U1
    assert outcome.stitched[-2][0] not in {U1, HASH("anonymous_id", "a0")}


def test_devices_that_others_used_keep_their_place() -> None:
    """An anonymous id that has come beside somebody else, or with an e-mail, does not make room."""
    outcome = agreed(
        told(
            (0, "web", "u2 a1", "identify"),
            (1, "web", "u1 a1", "identify"),
            (2, "web", "x@b.example a2", "identify"),
            (3, "web", "u1 a2", "identify"),
            (4, "web", "u1 a3", "identify"),
            (5, "web", "u1 a4", "identify"),
            (6, "web", "u1 a5", "identify"),
        ),
        profile_limit=5,
    )
    assert {i.value for i in held(outcome, U1)} == {"u1", "x@b.example", "a1", "a2", "a5"}
    assert rules(outcome)[-4:] == ["profile_limit made_room", "merged link", "profile_limit made_room", "merged link"]


def test_fifty_anonymous_ids_that_stay() -> None:
    """Anonymous ids that have come with an e-mail hold their place: the fifty-first is refused by type_limit."""
    calls = [(n, "web", f"x@b.example a{n}", "identify") for n in range(51)]
    outcome = agreed(told(*calls))
    assert rules(outcome) == ["merged link"] * 50 + ["type_limit type_limit"]


def test_room_is_not_made_in_vain() -> None:
    """Where another type is at its limit, nobody has to go: the link is refused whole."""
    calls = [identified(n, "u1", "anonymous_id", f"a{n}") for n in range(3)]
    mails = [identified(10 + n, "u1", "email", f"m{n}@b.example") for n in range(6)]
    outcome = agreed(told(*calls, *mails))
    assert rules(outcome)[-1] == "type_limit type_limit"
    assert len(held(outcome, U1)) == 9


def test_who_made_room_may_come_again() -> None:
    """A forgotten id that comes beside its user again is the newest of them, and its events are the user's."""
    outcome = agreed(
        told(*((n, "web", f"u1 a{who}", "identify") for n, who in enumerate((1, 2, 3, 1))), (9, "web", "a1", "page")),
        profile_limit=3,
    )
    assert {i.value for i in held(outcome, U1)} == {"u1", "a3", "a1"}
    assert outcome.stitched[-1][0] == U1
