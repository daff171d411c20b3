"""From bytes to a message: what real producers get wrong, and what hostile ones try."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from schemas.events import DeadLetter, Event
from schemas.topics import MAX_EVENT_BYTES

Accept = Callable[..., Event]
Refused = Callable[..., str]


def with_properties(text: str) -> bytes:
    """A page view whose properties are this JSON text."""
    return b'{"type":"page","userId":"u","properties":' + text.encode() + b"}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "invalid_json"), (b"", "invalid_json"), (b" ", "invalid_json"), (b"{", "invalid_json"),
        (b"not json", "invalid_json"), (b'{"a":1}{"b":2}', "invalid_json"), (b"{'a':1}", "invalid_json"),
        (b'{"a":"\\', "invalid_json"), (b'{"a":"\\ud8', "invalid_json"), (b"\x00", "invalid_json"),
        (b"null", "not_an_object"), (b"[]", "not_an_object"), (b'"text"', "not_an_object"), (b"7", "not_an_object"),
        (b"true", "not_an_object"), (b"NaN", "not_an_object"), (b"[{}]", "not_an_object"),
        (b'{"a":"\xff"}', "invalid_utf8"), (b'{"a":"\xed\xa0\x80"}', "invalid_utf8"), (b"\xfe\xff{}", "invalid_utf8"),
        ('{"type":"page"}'.encode("utf-16"), "invalid_utf8"),
    ],
)  # fmt: skip
def test_what_is_no_json_object(refused: Refused, value: bytes | None, reason: str) -> None:
    """Each way of not being a JSON object has its reason."""
    assert refused(value) == reason


def test_size(refused: Refused, event: Accept) -> None:
    """A record of exactly 1 MiB is read, one byte more is too large, whatever is in it."""
    message = with_properties('{"x":"%s"}' % ("y" * (MAX_EVENT_BYTES - 56)))
    message += b" " * (MAX_EVENT_BYTES - len(message))
    assert len(message) == MAX_EVENT_BYTES
    event(message)
    assert refused(message + b" ") == "too_large"
    assert refused(b"\xff" * (MAX_EVENT_BYTES + 1)) == "too_large"


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('{"a":NaN,"b":Infinity,"c":[-Infinity]}', {"a": None, "b": None, "c": [None]}),
        ('{"a":1e999,"b":-1e999}', {"a": None, "b": None}),
        ('{"a":"\\ud800","b":"x\\udc00y"}', {"a": "\ufffd", "b": "x\ufffdy"}),
        ('{"\\ud800":"\\ud83d\\ude00"}', {"\ufffd": "\U0001f600"}),
        ('{"a":"\\ud83d\\ude00\\ud83d"}', {"a": "\U0001f600\ufffd"}),
        ('{"a":"\\u0000\\u2028"}', {"a": "\u0000\u2028"}),
        ('{"a":18446744073709551615}', {"a": 2**64 - 1}),
        ('{"a":NaN,"b":18446744073709551615,"c":-9223372036854775808}', {"a": None, "b": 2**64 - 1, "c": -(2**63)}),
        ('{"a":18446744073709551616}', {"a": 1.8446744073709552e19}),
        ('{"a":NaN,"b":18446744073709551616}', {"a": None, "b": "18446744073709551616"}),
        ('{"a":%s}' % ("9" * 400), {"a": "9" * 400}),
        ('{"a":-%s}' % ("9" * 5000), {"a": "-" + "9" * 5000}),
        ('{"a":1,"a":2}', {"a": 2}),
        ('{"a":NaN,"a":2}', {"a": 2}),
    ],
)
def test_what_is_mended(event: Accept, text: str, mended: Any) -> None:
    """What orjson refuses but a producer's library writes is read: no number becomes null, no character U+FFFD."""
    body = orjson.loads(event(with_properties(text)).body)
    assert body["properties"] == mended
    assert all(type(body["properties"][key]) is type(value) for key, value in mended.items())


def test_mended_identifiers(event: Accept) -> None:
    """Mending holds for the whole message: a lone surrogate in an id, NaN as an id, a byte order mark before all."""
    assert event(b'{"type":"page","userId":"u\\ud800","anonymousId":NaN}').identifiers == (("user_id", "u\ufffd"),)
    assert event(b'\xef\xbb\xbf{"type":"page","userId":"u"}').identifiers == (("user_id", "u"),)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("tail", ["", ',"n":NaN'])
@pytest.mark.parametrize(
    ("depth", "outcome"),
    [
        (62, "accepted"),
        (63, "accepted"),
        (64, "invalid_value"),
        (65, "invalid_value"),
        (200, "invalid_value"),
        (260, "invalid_value"),
    ],
)
def test_depth(read: Callable[..., Any], opening: str, tail: str, depth: int, outcome: str) -> None:
    """Up to 64 levels are read, the message itself counted; more is a dead letter, however lenient the reading."""
    closing = "]" if opening == "[" else "}"
    text = opening * depth + "1" + closing * depth
    message = b'{"type":"page","userId":"u","x":%s%s}' % (text.encode(), tail.encode())
    result = read(message)
    assert (result.reason.value if not isinstance(result, Event) else "accepted") == outcome


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("depth", [500, 1000, 1022, 1023, 1024, 1025, 5000, 120_000])
def test_depth_bombs(read: Callable[..., Any], opening: str, closed: bool, depth: int) -> None:
    """However deep, a bomb is a dead letter, and soon; the interpreter's stack is never at stake."""
    closing = {"[": "]", '{"a":': "}", '[{"a":': "}]"}[opening]
    value = (opening * depth + ("1" + closing * depth if closed else "")).encode()
    start = time.perf_counter()
    result = read(value)
    assert time.perf_counter() - start < 5
    assert result.reason.value in {"invalid_json", "invalid_value", "not_an_object"}
    if not closed:
        assert result.reason.value == "invalid_json"


def test_many_brackets_are_not_depth(event: Accept) -> None:
    """Thousands of objects side by side, and brackets within text, are not nesting."""
    products = ",".join(['{"a":[]}'] * 2000)
    event(with_properties(f'{{"products":[{products}]}}'))
    event(with_properties('{"x":"%s","y":NaN}' % ("[{" * 2000 + '\\"' * 500)))
    event(with_properties('{"x":"%s"}' % ("[{" * 2000)))


@pytest.mark.parametrize("text", ['"' + '\\"' * 250_000, "[" * 70 + '"' * 250_001, '["\\"' * 100_000, "[]," * 200_000])
def test_hostile_texts_take_linear_time(read: Callable[..., Any], text: str) -> None:
    """Unfinished strings and alternating brackets do not make the lenient reader go over the text again and again."""
    start = time.perf_counter()
    result = read(b"[" * 65 + text.encode())
    assert time.perf_counter() - start < 5
    assert result.reason.value == "invalid_json"


def test_dead_letters_tell_no_values(read: Callable[..., Any]) -> None:
    """The detail of a dead letter never repeats what a producer sent."""
    private = "ana@example.com"
    hostile = [
        b'{"type":"%s"}', b'{"type":"track","event":["%s"]}', b'{"type":"page","timestamp":"%s"}',
        b'{"type":"page","properties":"%s"}', b'"%s"', b'{"%s', b'{"type":"page","userId":["%s"]}',
        b'{"specversion":"1.0","data":"%s"}', b'{"specversion":"1.0","data_base64":"%s"}', b'{"a":"%s\xff"}',
    ]  # fmt: skip
    for template in hostile:
        letter = read(template % private.encode())
        assert private not in letter.detail
        assert 0 < len(letter.detail) < 200


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("18446744073709551616", "18446744073709551617"), ("9007199254740993", "9007199254740992"),
        ("-18446744073709551616", "-18446744073709551617"), ("1e22", "10000000000000000000001"),
        ("1e22", "1.0000000000000002e22"),
        ("100000000000000000000", "100000000000000000001"), ("9007199254740993.0", "9007199254740992.0"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "message",
    [
        '{"type":"page","userId":%s}', '{"type":"page","anonymousId":%s}',
        '{"type":"alias","userId":"u","previousId":%s}',
        '{"type":"page","context":{"externalIds":[{"type":"loyalty","id":%s}]}}',
        '{"type":"page","context":{"device":{"id":%s}}}',
        '{"specversion":"1.0","id":"1","source":"s","type":"t","data":{"type":"page","userId":%s}}',
    ],
)  # fmt: skip
def test_integers_of_any_size_identify_exactly(event: Accept, message: str, one: str, other: str) -> None:
    """Two large numbers are two customers, wherever they stand, also where a float would be the same."""
    first, second = (event((message % number).encode()) for number in (one, other))
    assert (first.identifiers, first.previous) != (second.identifiers, second.previous)


@pytest.mark.parametrize(
    ("one", "other"), [("1e20", "100000000000000000000"), ("12345", "12345.0"), ("1E+23", "1" + 23 * "0")]
)
def test_one_number_in_two_forms_is_one_customer(event: Accept, one: str, other: str) -> None:
    """An exponent or a point changes no number."""
    first, second = (event(f'{{"type":"page","userId":{number}}}'.encode()) for number in (one, other))
    assert first.identifiers == second.identifiers


def test_a_large_message_id_is_exact(event: Accept) -> None:
    """A messageId of 20 digits is the text of its digits, and the last digit tells two messages apart."""
    ids = [
        event(f'{{"type":"page","userId":"u","messageId":1844674407370955161{n}}}'.encode()).message_id for n in (6, 7)
    ]
    assert ids == ["18446744073709551616", "18446744073709551617"]


def test_a_refused_message_with_a_large_number_is_kept_as_it_was(read: Callable[..., Event | DeadLetter]) -> None:
    """The dead letter holds the producer's bytes, not what was read from them."""
    raw = b'{"type":"page","userId":[18446744073709551616],"messageId":18446744073709551616}'
    letter = read(raw)
    assert isinstance(letter, DeadLetter)
    assert letter.record.value == raw
