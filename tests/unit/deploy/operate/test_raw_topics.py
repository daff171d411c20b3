"""Which raw records still mention a person, and how long a topic keeps them."""

from __future__ import annotations

import pytest

from deploy.operate.person.identifiers import parse
from deploy.operate.person.raw_topics import Mention, kept_for
from schemas.record import Record
from schemas.settings import Settings

SETTINGS = Settings(secret="of the test", phone_region="DE")  # noqa: S106
ASKED = ("email:anna@example.com", "phone:030 1234567", "user_id:u1")


@pytest.fixture
def mention():
    """Says whether a record mentions Anna, by her e-mail, her phone and her short user id."""
    people = [parse(text, SETTINGS) for text in ASKED]
    return Mention(SETTINGS, [one.hash for one in people], [one.value for one in people])


def record(value, topic="channels.web"):
    """A raw record."""
    return Record(topic, 0, 0, 1_700_000_000_000, None, value)


@pytest.mark.parametrize(
    "value",
    [
        b'{"type":"page","userId":"u1"}',
        b'{"type":"identify","anonymousId":"x","traits":{"email":"ANNA@example.com"}}',
        b'{"type":"identify","anonymousId":"x","traits":{"phone":"(030) 12 34 567"}}',
        b'{"type":"alias","userId":"new","previousId":"u1"}',
        b'{"type":"track","event":"Refer a Friend","userId":"ben","properties":{"friend":"anna@example.com"}}',
        b'{"type":"identify","traits":{"email":"anna@example.com"',
    ],
)
def test_a_mention_is_found(mention, value):
    """By identifier however it is spelt, as previousId, in any property, and in what is not even JSON."""
    assert mention(record(value))
    assert mention(record(value, "dead.letters"))


@pytest.mark.parametrize(
    "value",
    [
        b'{"type":"page","userId":"u12"}', b'{"type":"page","userId":"ben","properties":{"x":"u1"}}',
        b'{"type":"page","userId":"ben","properties":{"sku":"XU1"}}',
        b'{"type":"identify","userId":"ben","traits":{"email":"joanna@example.com"}}', b"not JSON", b"", None,
    ],
)  # fmt: skip
def test_others_are_not(mention, value):
    """A longer word is another word; a short value in no identifier is any; what cannot be read is nobody's."""
    assert not mention(record(value))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"cleanup.policy": "delete", "retention.ms": "2592000000"}, "30 days after it was written"),
        ({"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": str(8 * 1024**3)},
         "until its partition has grown by 8 GiB"),
        ({"cleanup.policy": "compact", "retention.ms": "604800000"}, "until it is compacted"),
        ({"cleanup.policy": "compact,delete", "retention.ms": "604800000"},
         "until it is compacted or 7 days after it was written"),
        ({"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}, "for ever"),
        ({}, "for ever"),
    ],
)  # fmt: skip
def test_how_long_a_topic_keeps_a_record(config, words):
    """Retention by time, by size, compaction, both, neither."""
    assert kept_for(config) == words
