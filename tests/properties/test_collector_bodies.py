"""Whatever comes over HTTP is accepted or refused with a reason; nothing crashes."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.routes import POSTS
from tests.support.collecting import KEY, collected

NAMES = st.sampled_from([
    "batch", "type", "event", "messageId", "context", "traits", "properties", "writeKey", "sentAt", "integrations",
    "api_key", "token", "distinct_id", "offset", "timestamp", "$set", "$lib", "alias", "uuid",
    "data", "e", "ue_px", "ue_pr", "cx", "co", "schema", "aid", "tr_id", "ti_id", "userId", "anonymousId",
])  # fmt: skip
WORDS = st.sampled_from(
    ["track", "$identify", "$create_alias", "$pageview", "pv", "ue", "tr", "ti", "se", KEY, "e30", ""]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | WORDS
    | st.text(max_size=5)
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=6)
)
EVENTS = st.dictionaries(NAMES, JSON, max_size=8)
BODIES = (
    JSON
    | EVENTS
    | st.builds(lambda events: {"batch": events}, st.lists(EVENTS | LEAVES, max_size=4))
    | st.builds(lambda events: {"data": events}, st.lists(EVENTS | LEAVES, max_size=4))
)


@settings(max_examples=400, deadline=None)
@given(path=st.sampled_from(sorted(POSTS)), body=BODIES)
def test_any_json_is_accepted_or_refused(path, body):
    """What is accepted is JSON objects with an id; what is not has a reason, and nothing is kept of it."""
    read = collected(path, orjson.dumps(body))
    assert read.status in (200, 400, 403)
    assert bool(read.reason) == (read.status != 200)
    assert read.status == 200 or not read.events
    for event in read.events:
        message = orjson.loads(event.value)
        assert isinstance(message, dict)
        assert message["messageId"] or message["messageId"] == 0
        assert 0 <= event.slot < 2**32


@settings(max_examples=300, deadline=None)
@given(
    path=st.sampled_from(sorted(POSTS)),
    body=st.binary(max_size=60),
    head=st.sampled_from([b"", b"data=", b"\x1f\x8b", b"x\x9c", b"{"]),
)
def test_any_bytes_are_accepted_or_refused(path, body, head):
    """No bytes crash a reader."""
    read = collected(path, head + body or b" ")
    assert read.status in (200, 400)
