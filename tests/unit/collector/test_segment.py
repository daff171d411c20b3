"""Segment's form, as each SDK that was captured speaks it (tests/data, and ../docs/producers.md)."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections import defaultdict
from pathlib import Path

import orjson
import pytest

from schemas.decoding import decode
from tests.support.collecting import KEY, collected, event_of, messages

DATA = Path(__file__).resolve().parents[2] / "data"


def captured():
    """The values of each SDK as its lines hold them, bytes, by SDK."""
    found = defaultdict(list)
    for name in ("sdk-events.jsonl", "sdk-events-2.jsonl"):
        for line in (DATA / name).read_bytes().splitlines():
            sdk = decode(line)["sdk"].partition("@")[0]
            value = line.partition(b'"value"')[2].lstrip(b" :").rstrip()
            found[sdk].append(value[: value.rindex(b"}")])
    return found


BASIC = {"authorization": "Basic " + b64encode(f"{KEY}:".encode()).decode()}
SHAPES = {
    "segment-java": lambda batch: ("/v1/import/", b'{"batch":%s,"writeKey":"%s"}' % (batch, KEY.encode()), {}),
    "rudder-node": lambda batch: ("/v1/batch", gzip.compress(b'{"batch":%s}' % batch), BASIC),
    "rudder-go": lambda batch: ("/v1/batch", gzip.compress(b'{"batch":%s}' % batch), BASIC),
}


@pytest.mark.parametrize(
    ("sdk", "values"), captured().items(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_batch_is_read_as_its_messages_published_by_hand(sdk, values):
    """Through the collector each captured message is the same event, lines, values, times and identifiers included."""
    path, body, headers = SHAPES.get(sdk, lambda batch: ("/v1/batch", b'{"batch":%s}' % batch, BASIC))(
        b"[" + b",".join(values) + b"]"
    )
    read = collected(path, body, headers=headers)
    assert read.status == 200, read.reason
    assert len(read.events) == len(values)
    for event, value in zip(read.events, values, strict=True):
        theirs, ours = event_of(value), event_of(event.value)
        theirs.get("extra", {}).pop("writeKey", None)
        if theirs.get("extra") == {}:
            del theirs["extra"]
        if "dead" not in theirs and theirs["message_id"].startswith("h-"):
            assert ours.pop("message_id").startswith("b-")
            del theirs["message_id"]
        assert ours == theirs


def test_what_stands_on_a_batch_fills_what_its_messages_lack():
    """sentAt, context and integrations; a message's own words win."""
    batch = {
        "batch": [{"type": "track"}, {"type": "track", "context": {"ip": "2"}, "sentAt": "own"}],
        "sentAt": "2026-01-01T00:00:00Z", "context": {"ip": "1", "library": {"name": "x"}},
        "integrations": {"All": True},
        "sequence": 7,
    }  # fmt: skip
    one, two = messages("/v1/import", batch)
    assert (one["sentAt"], one["context"], one["integrations"]) == (batch["sentAt"], batch["context"], {"All": True})
    assert (two["sentAt"], two["context"]) == ("own", {"ip": "2", "library": {"name": "x"}})
    assert "sequence" not in one


@pytest.mark.parametrize("prefix", ["/v1/", "/api/s/", "/api/s/s2s/"])
@pytest.mark.parametrize(
    ("word", "kind"), [("t", "track"), ("identify", "identify"), ("p", "page"), ("alias", "alias")]
)
def test_the_path_says_the_type(prefix, word, kind):
    """A single message without a type has its path's; with one it keeps its own."""
    assert messages(prefix + word, {"userId": "1"})[0]["type"] == kind
    assert messages(prefix + word, {"userId": "1", "type": "screen"})[0]["type"] == "screen"


def test_messages_without_an_id_get_the_same_one_at_each_try():
    """A hash of the request's bytes, unpacked, and the place; ids that are there stay, numbers too."""
    batch = {
        "batch": [
            {"type": "track", "event": "A"},
            {"type": "track", "messageId": "  "},
            {"type": "track", "messageId": 7},
        ]
    }
    first = [message["messageId"] for message in messages("/v1/batch", batch)]
    again = [message["messageId"] for message in messages("/v1/batch", gzip.compress(orjson.dumps(batch)))]
    assert first == again
    assert first[0][:-2] == first[1][:-2]
    assert [one[-2:] for one in first[:2]] == ["-0", "-1"]
    assert first[2] == 7


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        (BASIC, {}, {"type": "track"}),
        ({"x-write-key": KEY}, {}, {"type": "track", "writeKey": "testKeyId:***"}),
        ({}, {}, {"type": "track", "writeKey": KEY}),
        ({}, {}, {"batch": [{"type": "track", "writeKey": KEY}]}),
        ({}, {"writeKey": KEY}, {"type": "track"}),
    ],
    ids=["Basic", "X-Write-Key", "body", "message", "query"],
)
def test_keys_come_in_many_places(headers, query, body):
    """Each is taken, and none is published."""
    [message] = messages("/v1/batch", body, headers=headers, query=query)
    assert "writeKey" not in message


@pytest.mark.parametrize(
    "headers", [{}, {"x-write-key": "another-key"}, {"authorization": "Basic !!!"}, {"authorization": "Bearer x"}]
)
def test_an_unknown_key_is_401(headers):
    """Whether none, another, or one that cannot be read."""
    assert collected("/v1/batch", {"batch": []}, headers=headers).status == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"null", 400), (b"1", 400), (b'"x"', 400), (b'{"batch":{}}', 400), (b'{"batch":[1,null]}', 400),
     (b"{}", 400), (b'{"batch":[]}', 200), (b"[]", 200)],
)  # fmt: skip
def test_bodies_without_messages(body, status):
    """What is no batch is refused with a reason; an empty one says nothing."""
    read = collected("/v1/batch", body)
    assert (read.status, read.events) == (status, [])
    assert bool(read.reason) == (status != 200)


def test_what_is_no_object_is_left_out_of_a_batch():
    """The others are taken, and it is counted."""
    read = collected("/v1/batch", {"batch": [1, {"type": "track"}, None]})
    assert (read.status, len(read.events), dict(read.outcomes)) == (200, 1, {"accepted": 1, "invalid": 2})


def test_measurements_of_the_sdk_itself_are_ignored():
    """analytics-next sends to /v1/m how it does."""
    read = collected("/v1/m", {"series": []})
    assert (read.status, read.events, read.outcomes["ignored"]) == (200, [], 1)


def test_a_message_deeper_than_json_is_written_harms_no_other():
    """It alone is left out."""
    deep = b'{"batch":[{"type":"track","a":%s},{"type":"track"}]}' % (b"[" * 300 + b"]" * 300)
    read = collected("/v1/batch", deep)
    assert (read.status, len(read.events), read.outcomes["invalid"]) == (200, 1, 1)
