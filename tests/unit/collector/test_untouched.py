"""Batches that are taken as they are come to the same as those that are read message by message."""

from __future__ import annotations

import orjson
import pytest

from collector.keys import Keys, Source
from collector.sdks import untouched
from tests.support.collecting import KEY, collected, messages

# Its origins make no difference without an Origin, and a key that has any is read message by message.
SLOW = Keys({KEY: Source("shop", "web", origins=frozenset({"https://shop.example"}))})
PLAIN = {"type": "track", "event": "A", "messageId": "m-1", "userId": "u", "properties": {"price": 5.5, "s": "ü"}}


@pytest.mark.parametrize(
    "batch",
    [
        {"batch": [PLAIN, {**PLAIN, "messageId": "m-2", "anonymousId": "a"}]},
        {"batch": [PLAIN, {**PLAIN, "sentAt": "own"}], "sentAt": '2026-"x'},
        {"batch": [{**PLAIN, "userId": 7}], "writeKey": KEY, "sequence": 4},
    ],
)
def test_what_is_taken_as_it_is_comes_to_the_same(batch):
    """Messages, their order and their slots; the batch's sentAt on those without one."""
    assert untouched.read(orjson.dumps(batch)) is not None
    quick, slow = (collected("/v1/batch", batch, keys=keys) for keys in (None, SLOW))
    assert [orjson.loads(event.value) for event in quick.events] == [orjson.loads(event.value) for event in slow.events]
    assert [event.slot for event in quick.events] == [event.slot for event in slow.events]
    assert dict(quick.outcomes) == dict(slow.outcomes)


@pytest.mark.parametrize(
    "body",
    [
        b'{"batch":[{"messageId":"m","a":NaN}]}',
        b'{"batch":[{"messageId":" "}]}',
        b'{"batch":[{"type":"track"}]}',
        b'{"batch":[{"messageId":"m"},1]}',
        b'{"batch":[{"messageId":"m","writeKey":"k"}]}',
        b'{"batch":[{"messageId":"m","sentAt":null}],"sentAt":"x"}',
        b'{"batch":[{"messageId":"m"}],"context":{}}',
        b'{"batch":[]}',
        b'[{"messageId":"m"}]',
        b'{"batch":[{"messageId":"m"}',
    ],
)
def test_whatever_is_out_of_the_ordinary_is_left(body):
    """Numbers that are none, ids, keys and contexts that have to be looked at."""
    assert untouched.read(body) is None


def test_large_numbers_keep_every_digit():
    """They are never read."""
    body = b'{"batch":[{"messageId":"m","type":"track","userId":"u","n":123456789012345678901234}]}'
    [event] = collected("/v1/batch", body).events
    assert b"123456789012345678901234" in event.value
    assert messages("/v1/batch", body)
