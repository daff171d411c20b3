"""TYPE:VALUE is read as an event's identifier is, and no message ever holds the value."""

from __future__ import annotations

import pytest

from deploy.errors import BadInputError
from deploy.operate.person import identifiers
from schemas.events import Reader
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings

SETTINGS = Settings(secret="of the test", phone_region="DE", blocked="test-user")  # noqa: S106


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("email: Anna@Example.COM ", "email", "anna@example.com"),
        ("phone:030 1234567", "phone", "+49301234567"),
        ("phone:+49 30 1234567", "phone", "+49301234567"),
        ("user_id:u-42", "user_id", "u-42"),
        ("user_id:a:b", "user_id", "a:b"),
        ("USER_ID:Anna", "user_id", "Anna"),
        ("loyalty:77", "loyalty", "77"),
        ("push_token:  t1", "push_token", "t1"),
        ("order_id:o1", "order_id", "o1"),
    ],
)
def test_a_name_is_normalised_as_in_events(text, type_, value):
    """E-mails in lower case, phones as E.164 of the region, types in lower case, the rest trimmed."""
    found = identifiers.parse(text, SETTINGS)
    assert found[:2] == (type_, value)
    assert found.hash == Hasher("of the test")(type_, value)


def test_a_name_gives_what_an_event_gives():
    """The same identifiers as the reader of raw events finds, external ids included."""
    body = (
        b'{"type":"identify","userId":" u1 ","traits":{"email":"A@B.de","phone":"(030) 1234567"},'
        b'"context":{"externalIds":[{"type":"Loyalty","id":77}],"device":{"id":"d1","token":"t1"}}}'
    )
    event = Reader("DE").read(Record("channels.web", 0, 0, 1_700_000_000_000, None, body))
    asked = ["user_id:u1", "email:A@B.de", "phone:030 1234567", "loyalty:77", "device_id:d1", "push_token:t1"]
    assert [identifiers.parse(text, SETTINGS)[:2] for text in asked] == [tuple(one) for one in event.identifiers]


@pytest.mark.parametrize(
    "text",
    ["hush", ":hush", "  :hush", "user id:hush", "x" * 65 + ":hush", "a\x1bb:hush", "email:hush", "phone:hush",
     "user_id:TEST-user", "user_id:", "loyalty: ", "user_id:" + "hush" * 300],
)  # fmt: skip
def test_what_names_nobody_is_refused_without_its_value(text):
    """No colon, no type, a malformed or blocked value: refused, and the message does not hold what was given."""
    with pytest.raises(BadInputError) as refused:
        identifiers.parse(text, SETTINGS)
    assert "hush" not in str(refused.value)
    assert "TEST-user" not in str(refused.value)


@pytest.mark.parametrize(
    ("type_", "meant"),
    [
        ("userid", "user_id"),
        ("anonymous-id", "anonymous_id"),
        ("user_id", None),
        ("loyalty", None),
        ("e-mail", "email"),
    ],
)
def test_an_unknown_person_of_a_misspelt_type(type_, meant):
    """What is said of nobody names the type alone, and one of ours that may have been meant."""
    said = identifiers.unknown(identifiers.HashedIdentifier(type_, "hush", "0" * 32))
    assert said.startswith(f"nothing is known of {type_}:***")
    assert "hush" not in said
    assert (f"is {meant} meant" in said) if meant else ("meant" not in said)
