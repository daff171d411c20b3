"""Topics: their partitions, and the two hashes that place records in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identifiers import Hasher, Identifier, strongest_first
from schemas.topics import CHANNELS, catalog, channel_of, channel_topic, murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        (b"21", -973932308), (b"foobar", -790332482), (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829), (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)  # fmt: skip
def test_murmur2_is_kafkas(key: bytes, signed: int) -> None:
    """The vectors of Kafka's own UtilsTest, its sign bit cleared as its default partitioner does."""
    assert murmur2(key) == signed & 0x7FFFFFFF


@pytest.mark.parametrize("partitions", [1, 4, 7])
def test_catalog(partitions: int) -> None:
    """Each topic is there once; those of one profile's data share a partition count, single-writer ones have one."""
    entries = catalog(partitions)
    by_name = {topic.name: topic for topic in entries}
    assert len(by_name) == len(entries)
    assert all(by_name[channel_topic(channel)].partitions == partitions for channel in CHANNELS)
    profile_keyed = {topic.partitions for topic in entries if topic.key == "profile_id"}
    assert profile_keyed == {partitions}
    assert by_name["identity.links"].partitions == by_name["identity.assignments"].partitions == 1
    assert all(channel_of(channel_topic(channel)) == channel for channel in CHANNELS)


@given(st.text(), st.text(), st.integers(1, 64))
def test_hashes_place_profiles(type_: str, value: str, partitions: int) -> None:
    """The hash of an identifier is 32 hex digits, keyed, repeatable, and names a partition."""
    hasher = Hasher("secret")
    profile_id = hasher(type_, value)
    assert len(bytes.fromhex(profile_id)) == 16
    assert profile_id == hasher(type_, value) == Hasher("secret")(type_, value) != Hasher("other")(type_, value)
    assert 0 <= partition_of(profile_id, partitions) < partitions


def test_strength() -> None:
    """Strength goes user_id, e-mail, phone, external, device, advertising id, push token, anonymous id, order."""
    types = [
        "order_id",
        "anonymous_id",
        "push_token",
        "advertising_id",
        "device_id",
        "loyalty",
        "phone",
        "email",
        "user_id",
    ]
    ordered = strongest_first([Identifier(type_, "x") for type_ in (*types, "email")])
    assert [one.type for one in ordered] == types[::-1]
