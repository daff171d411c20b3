"""Write keys and what they may send."""

from __future__ import annotations

import pytest

from collector.keys import load, masked
from collector.rights import Rights
from schemas.aliases.table import Names
from tests.support.collecting import collected

FILE = """
keys:
  - {key: server-key-1, source: server, channel: store}
  - {key: browser-key, source: web, channel: web, refuse: [orders, feedback, consent], origins: ["https://Shop.example/"]}
  - {key: pages-only-1, source: pages, channel: web, types: [page], keyless: true}
"""


@pytest.fixture
def keys(tmp_path):
    """The keys of FILE."""
    path = tmp_path / "keys.yaml"
    path.write_text(FILE)
    return load(path)


def asked(keys, key, *messages, **headers):
    """What becomes of a batch with a key."""
    return collected("/v1/batch", {"batch": list(messages)}, headers={"x-write-key": key, **headers}, keys=keys)


def test_a_key_names_source_and_channel(keys):
    """Its events go to its channel."""
    read = asked(keys, "server-key-1", {"type": "track", "event": "Order Completed"})
    assert (read.source.name, [event.channel for event in read.events]) == ("server", ["store"])
    assert collected("/v1/batch", {"batch": [{"type": "page"}]}, headers={}, keys=keys).source.name == "pages"


@pytest.mark.parametrize(
    "message",
    [
        {"type": "track", "event": "Order Completed"},
        {"type": "Track ", "event": "order_completed"},
        {"type": "track", "event": "purchase"},
        {"type": "track", "event": "Email Link Clicked"},
        {"type": "track", "event": "Unsubscribed"},
        {"type": "identify", "traits": {"email_subscribed": True}},
        {"type": "identify", "context": {"traits": {"unsubscribed": True}}},
        {"event": "Order Completed"},
    ],
)
def test_what_a_key_may_not_send_is_403_alone_and_left_out_among_others(keys, message):
    """Under any name and spelling that the pipeline would read so."""
    alone = asked(keys, "browser-key", dict(message))
    assert (alone.status, alone.events) == (403, [])
    among = asked(keys, "browser-key", dict(message), {"type": "track", "event": "Product Added"})
    assert (among.status, len(among.events), among.outcomes["forbidden"]) == (200, 1, 1)
    assert asked(keys, "server-key-1", dict(message)).status == 200


def test_a_shops_own_name_of_an_order_is_an_order(keys):
    """WINBACK_ALIASES counts as well."""
    rights = Rights(Names({"Bestellung": "Order Completed"}))
    assert not rights.may(keys.sources["browser-key"], {"type": "track", "event": "bestellung"})


def test_types(keys):
    """A key with types sends no others."""
    assert asked(keys, "pages-only-1", {"type": "page"}).status == 200
    assert asked(keys, "pages-only-1", {"type": "track"}).status == 403


def test_origins(keys):
    """Pages of other sites may not use the key; what has no Origin is no page."""
    assert asked(keys, "browser-key", {"type": "page"}, origin="https://shop.example").status == 200
    assert asked(keys, "browser-key", {"type": "page"}, origin="https://evil.example").status == 403
    assert asked(keys, "browser-key", {"type": "page"}).status == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one key, keys"),
        ("keys: []", "at least one"),
        ("keys: [1]", "entry 1: is no mapping"),
        ("keys: [{key: abcdefgh, source: a, channel: web, right: x}]", "right is unknown"),
        ("keys: [{key: short, source: a, channel: web}]", "at least 8"),
        ("keys: [{key: abcdefgh, source: a, channel: shop}]", "channel is one of"),
        ("keys: [{key: abcdefgh, source: '', channel: web}]", "source is a name"),
        ("keys: [{key: abcdefgh, source: a, channel: web, refuse: [all]}]", "refuse is a list"),
        ("keys: [{key: abcdefgh, source: a, channel: web, origins: [shop]}]", "origins is a list"),
        ("keys: [{key: abcdefgh, source: a, channel: web}, {key: abcdefgh, source: b, channel: web}]", "twice"),
        ("keys: [{key: abcdefgh", "is no YAML"),
    ],
)
def test_a_file_that_is_wrong_is_one_line_without_a_key(tmp_path, text, said):
    """It names the file and what to do, and shows no key."""
    path = tmp_path / "keys.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said) as wrong:
        load(path)
    assert str(path) in str(wrong.value)
    assert "abcdefgh" not in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_keys_are_masked():
    """Enough to know it again, too little to use it."""
    assert masked("abcdefghij") == "abcd***"
    assert masked("abc") == "***"
