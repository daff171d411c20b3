"""Whom an event is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import DeadLetter, Event, Reader
from schemas.identifiers import Identifier, strongest_first
from schemas.record import Record

Accept = Callable[..., Event]
Refused = Callable[..., str]


def full() -> dict[str, Any]:
    """A message with every kind of identifier."""
    return {
        "type": "identify", "userId": 42, "anonymousId": " a-1 ",
        "traits": {"email": "Ana@X.com ", "phone": "+1 555 123 4567"},
        "context": {
            "traits": {"email": "second@x.com", "phone": "+15551234567"},
            "device": {"id": "d-1", "advertisingId": "ad-1", "token": "t-1"},
            "externalIds": [{"id": 7, "type": "loyalty"}, {"id": "g.1", "type": "ga_client_id"}],
        },
        "properties": {"email": "ana@x.com"},
    }  # fmt: skip


def test_every_kind_strongest_first(event: Accept) -> None:
    """All sources give their identifiers, once each, in order of strength, then type, then value."""
    result = event(full())
    assert result.identifiers == (
        ("user_id", "42"), ("email", "ana@x.com"), ("email", "second@x.com"), ("phone", "+15551234567"),
        ("ga_client_id", "g.1"), ("loyalty", "7"), ("device_id", "d-1"), ("advertising_id", "ad-1"),
        ("push_token", "t-1"), ("anonymous_id", "a-1"),
    )  # fmt: skip
    rows = orjson.loads(result.body)["identifiers"]
    assert [(row["type"], row["value"]) for row in rows] == list(result.identifiers)


@pytest.mark.parametrize("kind", ["track", "page", "screen", "group", "alias", "identify"])
def test_any_type_of_call_identifies(event: Accept, kind: str) -> None:
    """Identifiers are taken from every type of call alike; the traits of a group call are the company's."""
    found = event({**full(), "type": kind, "event": "X"}).identifiers
    assert len(found) == 10 or kind == "group"
    company = event({"type": "group", "userId": "u", "traits": {"email": "info@firm.de", "phone": "+15551234567"}})
    assert company.identifiers == (("user_id", "u"),)


@pytest.mark.parametrize("blocked", ["", "  ", "null", "'Anonymous'", 0, True, None, [], {"id": 1}, "x" * 1025])
def test_blocked_values_leave_the_others(event: Accept, refused: Refused, blocked: Any) -> None:
    """An event with an unusable identifier is kept under its others; with none left it is a dead letter."""
    assert event({"type": "page", "userId": blocked, "anonymousId": "a"}).identifiers == (("anonymous_id", "a"),)
    assert event({"type": "page", "userId": "u", "anonymousId": blocked}).identifiers == (("user_id", "u"),)
    assert refused({"type": "page", "userId": blocked, "anonymousId": blocked}) == "no_identifier"


def test_blocked_everywhere(refused: Refused) -> None:
    """The blocked list holds for every kind of identifier."""
    word = "undefined"
    assert refused({
        "type": "identify", "userId": word, "anonymousId": word, "traits": {"email": word, "phone": word},
        "context": {"device": {"id": word, "advertisingId": word, "token": word},
                    "externalIds": [{"id": word, "type": "loyalty"}]},
    }) == "no_identifier"  # fmt: skip


def test_blocked_values_of_the_shop() -> None:
    """The reader blocks what its settings add, and reads local phone numbers by its region."""
    reader = Reader("DE", ["kiosk"])
    message = {"type": "identify", "userId": "KIOSK", "anonymousId": "a", "traits": {"phone": "030 123456"}}
    result = reader.read(Record("channels.web", 0, 0, 1_700_000_000_000, None, orjson.dumps(message)))
    assert isinstance(result, Event)
    assert result.identifiers == (("phone", "+4930123456"), ("anonymous_id", "a"))


@pytest.mark.parametrize(
    "context",
    [
        {"device": "iphone"}, {"device": None}, {"device": {"id": {}}}, {"externalIds": {"id": "1", "type": "x"}},
        {"externalIds": ["x", None, 7, {}, {"id": "1"}, {"type": "x"}]},
        {"externalIds": [{"id": "1", "type": ""}, {"id": "1", "type": []}]},
        {"externalIds": [{"id": "1", "type": "t" * 65}]}, {"traits": ["email"]}, {"externalIds": None},
        {"externalIds": [{"id": "no-mail", "type": "email"}, {"id": "12", "type": "phone"}]},
    ],
)  # fmt: skip
def test_odd_places_are_no_identifiers(event: Accept, context: dict[str, Any]) -> None:
    """What is not where the contract says, or not of its form, identifies nobody, and stays in the context."""
    result = event({"type": "page", "userId": "u", "context": context})
    assert result.identifiers == (("user_id", "u"),)
    assert orjson.loads(result.body)["context"] == context


def test_external_ids_of_our_types(event: Accept) -> None:
    """An external id whose type is one of ours is read as one; a colon in a type becomes an underscore."""
    external = [
        {"id": "ANA@x.com", "type": "email"}, {"id": "u", "type": "User_ID"}, {"id": "c", "type": "shop:card"},
        {"id": "ana@x.com", "type": "email"},
    ]  # fmt: skip
    result = event({"type": "page", "userId": "u", "context": {"externalIds": external}})
    assert result.identifiers == (("user_id", "u"), ("email", "ana@x.com"), ("shop_card", "c"))


@pytest.mark.parametrize(
    ("user", "previous", "expected"),
    [
        ("u-42", "anon-1", (("user_id", "anon-1"), ("anonymous_id", "anon-1"))),
        ("u-42", 17, (("user_id", "17"), ("anonymous_id", "17"))),
        ("u-42", " u-42 ", ()),
        (42, "42", ()),
        ("u-42", "null", ()),
        ("u-42", None, ()),
        ("u-42", [], ()),
    ],
)
def test_alias(event: Accept, user: Any, previous: Any, expected: tuple[tuple[str, str], ...]) -> None:
    """An alias names the user_id and the anonymous id of before; the same id, or an unusable one, is no link."""
    result = event({"type": "alias", "userId": user, "previousId": previous})
    assert result.previous == expected
    assert result.identifiers == (("user_id", str(user)),)
    assert b"previousId" not in result.body


def test_previous_id_elsewhere_is_an_unknown_field(event: Accept) -> None:
    """Only an alias call speaks of a previous id."""
    result = event({"type": "identify", "userId": "u", "previousId": "a"})
    assert result.previous == ()
    assert orjson.loads(result.body)["extra"] == {"previousId": "a"}


def test_alias_without_an_id_of_its_own(refused: Refused, event: Accept) -> None:
    """An alias that names nobody but the previous id joins nobody; an anonymous id can be its own."""
    assert refused({"type": "alias", "userId": "null", "previousId": "a"}) == "no_identifier"
    result = event({"type": "alias", "anonymousId": "b", "previousId": "a"})
    assert result.identifiers == (("anonymous_id", "b"),)
    assert result.previous == (("user_id", "a"), ("anonymous_id", "a"))


@pytest.mark.parametrize("user", ["Ana@X.com", " ana@x.com ", "ANA@X.COM"])
@pytest.mark.parametrize("more", [{}, {"traits": {"email": "ana@X.com"}}, {"context": {"device": {"id": "d-1"}}}])
def test_a_user_id_that_is_an_address(event: Accept, user: str, more: dict[str, Any]) -> None:
    """It is compared without case, and is that e-mail identifier as well, once."""
    result = event({"type": "page", "userId": user, "anonymousId": "A-1", **more})
    assert result.identifiers[:2] == (("user_id", "ana@x.com"), ("email", "ana@x.com"))
    assert result.identifiers[-1] == ("anonymous_id", "A-1")
    assert len(set(result.identifiers)) == len(result.identifiers)
    assert result.previous == (("email", "ana@x.com"),)


def test_other_addresses_are_linked_as_usual(event: Accept) -> None:
    """Only the address that is the user id is more than an address of this user."""
    result = event({"type": "page", "userId": "ana@x.com", "traits": {"email": "ana@work.com"}})
    assert result.previous == (("email", "ana@x.com"),)
    assert event({"type": "page", "userId": "u", "traits": {"email": "ana@x.com"}}).previous == ()
    assert event({"type": "page", "userId": "noreply@x.com", "anonymousId": "a"}).previous == ()
    alias = event({"type": "alias", "userId": "ana@x.com", "previousId": "a"})
    assert alias.previous == (("email", "ana@x.com"), ("user_id", "a"), ("anonymous_id", "a"))


def test_an_address_as_user_id_elsewhere(event: Accept) -> None:
    """The same in externalIds and as previousId; an anonymousId keeps its case, and an address nobody owns is none."""
    external = [{"type": "user_id", "id": "Ana@X.com"}]
    found = event({"type": "page", "anonymousId": "a", "context": {"externalIds": external}}).identifiers
    assert found == (("user_id", "ana@x.com"), ("email", "ana@x.com"), ("anonymous_id", "a"))
    previous = event({"type": "alias", "userId": "u", "previousId": "Ana@X.com"}).previous
    assert previous == (("user_id", "ana@x.com"), ("email", "ana@x.com"), ("anonymous_id", "Ana@X.com"))
    assert event({"type": "page", "userId": "noreply@x.com", "anonymousId": "a"}).identifiers == (
        ("anonymous_id", "a"),
    )


def test_digits_that_are_two_phone_numbers(event: Accept) -> None:
    """They identify as themselves, beside the other identifiers, and are no phone."""
    result = event({"type": "identify", "userId": "u", "traits": {"phone": "2033456789"}})
    assert result.identifiers == (("user_id", "u"), ("phone_digits", "2033456789"))


@pytest.mark.parametrize("name", ["Order Completed", "order  updated", "ORDER CANCELLED", "Order Refunded"])
@pytest.mark.parametrize(("order", "value"), [("o-1", "o-1"), (17, "17"), (17.0, "17")])
def test_nameless_orders(event: Accept, name: str, order: Any, value: str) -> None:
    """An order event without an identifier is a customer of its own under its order_id."""
    result = event({"type": "track", "event": name, "userId": "guest", "properties": {"order_id": order}})
    assert result.identifiers == (("order_id", value),)
    assert orjson.loads(result.body)["identifiers"] == [{"type": "order_id", "value": value}]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "track", "event": "Order Completed"},
        {"type": "track", "event": "Order Completed", "properties": {"order_id": "null"}},
        {"type": "track", "event": "Order Completed", "properties": {"order_id": {}}},
        {"type": "track", "event": "Checkout Started", "properties": {"order_id": "o-1"}},
        {"type": "page", "name": "Order Completed", "properties": {"order_id": "o-1"}},
    ],
)
def test_nameless_and_no_order(refused: Refused, message: dict[str, Any]) -> None:
    """Without a usable order_id, or when it is no order event, nobody is left."""
    assert refused(message) == "no_identifier"


def test_an_order_with_a_customer_is_the_customers(event: Accept) -> None:
    """Beside a customer the order_id links last and is not in the body; it identifies only when nothing else does."""
    told = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {"order_id": "o-1"}}
    result = event(told)
    assert (result.identifiers, result.weak) == ((("user_id", "u"), ("order_id", "o-1")), 0)
    assert [row["type"] for row in orjson.loads(result.body)["identifiers"]] == ["user_id"]


@pytest.mark.parametrize("number", ["#1001", " 1001", 1001, 1001.0, "# 1001"])
def test_an_order_is_known_by_its_number_however_printed(event: Accept, number: Any) -> None:
    """A number sign, blanks and the kind of number do not tell orders apart."""
    told = {"type": "track", "event": "Order Refunded", "properties": {"order_id": number}}
    assert event(told).identifiers == (("order_id", "1001"),)


@pytest.mark.parametrize("name", ["Product Added", "Cart Viewed", "Checkout Started", "Payment Info Entered"])
def test_a_purchase_is_named_weakly(event: Accept, name: str) -> None:
    """What names an order, checkout or cart on the way to it stands last, is weak and is not in the body."""
    numbers = {"cart_id": "k", "order_id": "o", "checkout_id": "h"}
    result = event({"type": "track", "event": name, "anonymousId": "a", "properties": numbers})
    assert result.identifiers[1:] == (("order_id", "o"), ("checkout_id", "h"), ("cart_id", "k"))
    assert (result.weak, len(orjson.loads(result.body)["identifiers"])) == (3, 1)


def test_other_events_name_no_purchase(event: Accept) -> None:
    """The numbers mean something only on events of a cart, a checkout or an order."""
    told = {"event": "Product Viewed", "anonymousId": "a", "properties": {"cart_id": "k", "order_id": "o"}}
    assert len(event({"type": "track", **told}).identifiers) == 1
    assert len(event({"type": "page", **told}).identifiers) == 1


def test_a_nameless_order_is_known_by_all_that_names_it(event: Accept) -> None:
    """Without an order_id the checkout_id or cart_id is what an order is known by."""
    told = {"type": "track", "event": "Order Completed", "properties": {"cart_id": "k", "checkout_id": "h"}}
    result = event(told)
    assert (result.identifiers, result.weak) == ((("checkout_id", "h"), ("cart_id", "k")), 1)


def test_a_tills_order_is_not_the_tills(event: Accept) -> None:
    """On store and callcenter an order without a person is of its order_id: the machine takes all of them."""
    told = {"type": "track", "event": "Order Completed", "anonymousId": "TILL", "properties": {"order_id": "o"}}
    assert event(told, topic="channels.store").identifiers == (("order_id", "o"),)
    assert event(told, topic="channels.web").identifiers == (("anonymous_id", "TILL"), ("order_id", "o"))
    assert event({**told, "properties": {}}, topic="channels.store").identifiers == (("anonymous_id", "TILL"),)


def test_an_address_only_typed_stands_last(event: Accept) -> None:
    """E-mail and phone of a track call's properties alone are weak, marked in the body, and never whose event it is."""
    told = {
        "type": "track",
        "event": "X",
        "anonymousId": "a",
        "properties": {"email": "A@x.com", "phone": "+15551234567"},
    }
    result = event(told)
    assert result.identifiers == (("anonymous_id", "a"), ("email", "a@x.com"), ("phone", "+15551234567"))
    assert result.weak == 2
    assert [row.get("typed") for row in orjson.loads(result.body)["identifiers"]] == [None, True, True]


def test_an_address_given_elsewhere_is_no_claim(event: Accept) -> None:
    """The same address in traits, an identify call, or feedback of a provider: nobody has only typed it."""
    typed = {"properties": {"email": "a@x.com"}}
    assert event({"type": "track", "event": "X", "userId": "u", "traits": {"email": "A@x.com"}, **typed}).weak == 0
    assert event({"type": "identify", "userId": "u", **typed}).weak == 0
    assert event({"type": "track", "event": "Email Opened", "userId": "u", **typed}, topic="channels.email").weak == 0


def test_a_typed_address_alone_is_whom_it_is_about(event: Accept) -> None:
    """An event that has nothing but a typed address is of that address, also beside the machine of a till."""
    told = {"type": "track", "event": "X", "properties": {"email": "a@x.com"}}
    assert (event(told).identifiers, event(told).weak) == ((("email", "a@x.com"),), 0)
    assert event({**told, "anonymousId": "TILL"}, topic="channels.store").identifiers == (("email", "a@x.com"),)


@pytest.mark.parametrize("gift", [{"gift": True}, {"gift": "yes"}, {"recipient": {"name": "Ben"}}])
def test_addresses_of_a_gift_are_not_the_buyers(event: Accept, gift: dict[str, Any]) -> None:
    """An order for somebody else: its properties' addresses are not among the buyer's identifiers."""
    told = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {"email": "b@x.com", **gift}}
    assert event(told).identifiers == (("user_id", "u"),)
    assert len(event({**told, "properties": {"email": "b@x.com", "gift": "false"}}).identifiers) == 2


def test_broadcast(event: Accept) -> None:
    """On broadcast an event needs no identifier; a nameless order there is still its order's."""
    spot = event({"type": "track", "event": "Spot Aired"}, topic="channels.broadcast")
    assert spot.identifiers == ()
    assert orjson.loads(spot.body)["identifiers"] == []
    sale = {"type": "track", "event": "Order Completed", "properties": {"order_id": "o-1"}}
    assert event(sale, topic="channels.broadcast").identifiers == (("order_id", "o-1"),)
    named = event({"type": "track", "event": "Spot Aired", "userId": "u"}, topic="channels.broadcast")
    assert named.identifiers == (("user_id", "u"),)


TEXT = st.sampled_from(
    ["2033456789", "u-1", "U-1", "a@x.com", "A@X.com ", "b@x.com", "+15551234567", "null", "0", "", "7"]
)
SCALAR = TEXT | st.sampled_from([None, 7, 7.0, True, [], {}])
CONTACTS = st.fixed_dictionaries({}, optional={"email": SCALAR, "phone": SCALAR})
EXTERNAL = st.fixed_dictionaries({"id": SCALAR, "type": st.sampled_from(["loyalty", "email", "zz", "user_id", ""])})
MESSAGES = st.fixed_dictionaries(
    {"type": st.just("identify")},
    optional={
        "userId": SCALAR,
        "anonymousId": SCALAR,
        "traits": CONTACTS,
        "properties": CONTACTS,
        "context": st.fixed_dictionaries(
            {},
            optional={
                "traits": CONTACTS,
                "device": st.fixed_dictionaries({}, optional={"id": SCALAR, "advertisingId": SCALAR, "token": SCALAR}),
                "externalIds": st.lists(EXTERNAL, max_size=4),
            },
        ),
    },
)
READER = Reader()


@given(MESSAGES)
def test_order_of_strength(message: dict[str, Any]) -> None:
    """Whatever an event holds, its identifiers are those of `strongest_first`, and a second reading finds the same."""
    record = Record("channels.app", 0, 0, 1_700_000_000_000, None, orjson.dumps(message))
    result = READER.read(record)
    assert result == READER.read(record) == Reader().read(record)
    if isinstance(result, DeadLetter):
        assert result.reason == "no_identifier"
    else:
        assert list(result.identifiers) == strongest_first([Identifier(*one) for one in result.identifiers])


PEOPLE = (
    {"userId": "u"},
    {"traits": {"email": "a@shop.example"}},
    {"context": {"externalIds": [{"id": 7, "type": "card"}]}},
)
MACHINE = {"device": {"id": "TILL-1", "advertisingId": "ad", "token": "t"}}


@pytest.mark.parametrize("channel", ["store", "callcenter"])
@pytest.mark.parametrize("person", PEOPLE)
def test_a_till_identifies_nobody_beside_a_person(event: Accept, channel: str, person: dict[str, Any]) -> None:
    """On store and callcenter the identifiers of the machine go when a person is named, out of the event's body too."""
    context = {**MACHINE, **person.get("context", {})}
    told = {"type": "page", "anonymousId": "AGENT", **person, "context": context}
    result = event(told, topic=f"channels.{channel}")
    assert len(result.identifiers) == 1
    assert [tuple(row.values()) for row in orjson.loads(result.body)["identifiers"]] == list(result.identifiers)
    assert len(event(told, topic="channels.web").identifiers) == 5


@pytest.mark.parametrize("type_", ["ga_client_id", "_fbp", "Session_ID", "idfa"])
def test_a_cookie_of_an_agents_browser_is_no_customers(event: Accept, type_: str) -> None:
    """On store and callcenter it neither links two customers nor has their orders; on web it is the visitor's."""
    cookie = {"id": "GA1.2.3", "type": type_}
    card = {"context": {"externalIds": [{"id": 7, "type": "card"}, cookie]}}
    sold = {"event": "Order Completed", "properties": {"order_id": "o"}, "context": {"externalIds": [cookie]}}
    for channel in ("store", "callcenter"):
        assert event({"type": "page", **card}, topic=f"channels.{channel}").identifiers == (("card", "7"),)
        assert event({"type": "track", **sold}, topic=f"channels.{channel}").identifiers == (("order_id", "o"),)
    assert len(event({"type": "page", **card}, topic="channels.web").identifiers) == 2


def test_a_till_alone_is_whom_it_is_about(event: Accept) -> None:
    """Without a person the machine's identifiers stay: the event has nobody else."""
    told = {"type": "page", "anonymousId": "AGENT", "context": MACHINE}
    assert event(told, topic="channels.store").identifiers == event(told, topic="channels.app").identifiers


def test_an_agents_browser_is_no_previous_customer(event: Accept) -> None:
    """An alias call on callcenter does not name the agent's anonymousId as previous; a userId stays one."""
    told = {"type": "alias", "userId": "u", "anonymousId": "AGENT"}
    assert event({**told, "previousId": "AGENT"}, topic="channels.callcenter").previous == ()
    assert event({**told, "previousId": "old"}, topic="channels.callcenter").previous == (("user_id", "old"),)
    assert len(event({**told, "previousId": "AGENT"}, topic="channels.web").previous) == 2
