"""Bodies of requests: packed or not, bounded, and read as a record's value is."""

from __future__ import annotations

import gzip
import zlib

import pytest

from collector.bodies import MAX_MEMBERS, BodyError, parse, unpack

BODY = b'{"a":1}'


@pytest.mark.parametrize(
    "packed",
    [BODY, gzip.compress(BODY), zlib.compress(BODY), gzip.compress(BODY[:3]) + gzip.compress(BODY[3:])],
    ids=["plain", "gzip", "deflate", "gzip in two pieces"],
)
def test_packed_bodies_are_known_by_their_first_bytes(packed):
    """No header is needed to tell how a body is packed."""
    assert unpack(packed, 100) == BODY


def test_a_bomb_takes_no_more_memory_than_the_limit():
    """A small body that would unpack to 100 MB is refused once the limit is passed."""
    bomb = gzip.compress(bytes(100_000_000))
    with pytest.raises(BodyError) as refused:
        unpack(bomb, 200_000)
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 101, 413),
        (gzip.compress(BODY)[:-9], 400),
        (b"\x1f\x8bnothing", 400),
        (gzip.compress(b"") * (MAX_MEMBERS + 1), 400),
    ],
    ids=["too long", "breaks off", "no gzip", "too many members"],
)
def test_bodies_that_cannot_be_unpacked_are_refused(body, status):
    """Too long, cut off, damaged, and in too many pieces."""
    with pytest.raises(BodyError) as refused:
        unpack(body, 100 if status == 413 else 10**6)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a":NaN,"b":-Infinity}', {"a": None, "b": None}),
        (b'{"id":123456789012345678901234}', {"id": "123456789012345678901234"}),
        (b'{"id":9007199254740993.0}', {"id": "9007199254740993"}),
        (b'{"id": 1.2345678901234567891e22}', {"id": "12345678901234567891000"}),
        (b'{"id":"x,12345678901234567890123"}', {"id": "x,12345678901234567890123"}),
        (b'{"n":1E+3,"m":5.50,"big":18446744073709551615}', {"n": 1000.0, "m": 5.5, "big": 18446744073709551615}),
        (b'{"s":"\\ud800"}', {"s": "\ufffd"}),
        (b'{"type":"a","type":"track"}', {"type": "track"}),
    ],
)
def test_json_is_read_as_a_records_value_is(body, value):
    """NaN, large numbers, lone surrogates and repeated keys (contract 8.3)."""
    assert parse(body) == value


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(body):
    """One reason, no crash."""
    with pytest.raises(BodyError) as refused:
        parse(body)
    assert refused.value.status == 400
