"""PostHog's events as calls of the contract."""

from __future__ import annotations

from base64 import b64encode

import orjson
import pytest

from tests.support.collecting import KEY, collected, messages

AT = "2026-11-30T06:28:22.276Z"


def sent(*events, path="/batch/", **more):
    """The messages of a batch."""
    return messages(path, {"api_key": KEY, "batch": list(events), **more}, headers={})


@pytest.mark.parametrize("path", ["/batch", "/batch/", "/capture", "/capture/", "/e/", "/i/v0/e/"])
def test_an_event_is_a_track_call(path):
    """Its name, properties, time, id and customer; PostHog's own properties make the context."""
    event = {
        "event": "Product Added", "distinct_id": "4711", "timestamp": AT, "uuid": "u-1",
        "properties": {"sku": "S", "price": 5.5, "$lib": "posthog-python", "$lib_version": "7.9", "$ip": "1.1.1.1"},
    }  # fmt: skip
    assert sent(event, path=path, sent_at=AT) == [
        {
            "type": "track", "event": "Product Added", "userId": "4711", "timestamp": AT, "sentAt": AT,
            "messageId": "u-1",
            "properties": {"sku": "S", "price": 5.5},
            "context": {"library": {"name": "posthog-python", "version": "7.9"}, "ip": "1.1.1.1"},
        }
    ]  # fmt: skip


def test_a_single_event_needs_no_batch():
    """As /capture/ takes it, with the key beside it, a list of them, and a form as browsers sent it."""
    event = {"api_key": KEY, "event": "X", "distinct_id": 7, "properties": {}}
    one = messages("/capture/", event, headers={})
    listed = messages("/e/", [event], headers={})
    form = messages("/e/", b"data=" + b64encode(orjson.dumps(event)).replace(b"+", b"%2B"), headers={})
    for found in (one, listed, form):
        assert [(m["userId"], m["event"]) for m in found] == [(7, "X")]


def test_pages_screens_and_identify():
    """$pageview, $screen, $identify with its device, and $set."""
    page, screen, identify, traits = sent(
        {
            "event": "$pageview",
            "distinct_id": "d",
            "properties": {"$device_id": "d", "$current_url": "https://s/a", "title": "A"},
        },
        {"event": "$screen", "distinct_id": "u", "properties": {"$screen_name": "Cart"}},
        {
            "event": "$identify",
            "distinct_id": "u",
            "$set": {"email": "a@b.de"},
            "properties": {"$anon_distinct_id": "d"},
        },
        {"event": "$set", "distinct_id": "u", "properties": {"$set": {"a": 1}, "$set_once": {"a": 0, "b": 2}}},
    )
    assert (page["type"], page["name"], page["anonymousId"]) == ("page", "A", "d")
    assert page["properties"]["url"] == page["context"]["page"]["url"] == "https://s/a"
    assert "userId" not in page
    assert (screen["type"], screen["name"], screen["userId"]) == ("screen", "Cart", "u")
    assert (identify["type"], identify["userId"], identify["anonymousId"]) == ("identify", "u", "d")
    assert identify["traits"] == {"email": "a@b.de"}
    assert (traits["type"], traits["traits"]) == ("identify", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    "properties",
    [{"$device_id": "x"}, {"$is_identified": False}, {"$user_state": "anonymous"}, {"$process_person_profile": False}],
)
def test_a_distinct_id_may_be_a_devices(properties):
    """Then it is the anonymousId."""
    [message] = sent({"event": "E", "distinct_id": "x", "properties": properties})
    assert (message.get("userId"), message["anonymousId"]) == (None, "x")


@pytest.mark.parametrize(
    ("lib", "distinct", "alias"), [("posthog-python", "before", "after"), ("posthog-node", "after", "before")]
)
def test_aliases_are_the_other_way_round_in_python(lib, distinct, alias):
    """Both say that `before` is `after`."""
    properties = {"distinct_id": distinct, "alias": alias, "$lib": lib}
    [message] = sent({"event": "$create_alias", "distinct_id": distinct, "properties": properties})
    assert (message["type"], message["userId"], message["previousId"]) == ("alias", "after", "before")


def test_an_offset_is_counted_back_from_when_it_was_sent():
    """Where there is no timestamp."""
    [message] = sent({"event": "E", "distinct_id": 1, "offset": 2000}, sent_at=AT)
    assert message["timestamp"] == "2026-11-30T06:28:20.276Z"


def test_what_the_sdk_says_of_itself_is_ignored():
    """It is counted, and the rest is taken."""
    batch = {"api_key": KEY, "batch": [{"event": "$feature_flag_called"}, {"event": "E", "distinct_id": 1}, 5]}
    read = collected("/batch", batch, headers={})
    assert dict(read.outcomes) == {"accepted": 1, "ignored": 1, "invalid": 1}


@pytest.mark.parametrize("name", [[], {}, ["$pageview"], {"a": 1}, 5, None, True])
def test_a_name_that_is_no_text_is_for_the_reader_of_raw_events_to_judge(name):
    """Whatever stands there instead of a name, the event is taken, and what is wrong with it shows in dead letters."""
    read = collected("/batch/", {"api_key": KEY, "batch": [{"event": name, "distinct_id": "1", "uuid": "u-1"}]})
    assert (read.status, len(read.events)) == (200, 1)
