"""Which values may identify a customer, and how they are normalised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.values import BLOCKED, Values, is_blocked, text_of

WORDS = [
    "null", "undefined", "none", "nil", "nan", "anonymous", "guest", "distinctid", "distinct_id", "id", "email",
    "not_authenticated", "true", "false", "unknown", "[object object]", "-1", "0", "000", "-", "--", "0-0",
    "00000000-0000-0000-0000-000000000000", "",
]  # fmt: skip
VALUES = Values()


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("dress", ["{}", " {}\t", "'{}'", '"{}"', "\"'{}'\"", " ' {} ' ", "`{}`", "\u201c{}\u201d"])
def test_blocked_in_any_dress(word: str, dress: str) -> None:
    """Each blocked value is blocked in any case, after trimming, and within quotes."""
    for cased in (word, word.upper(), word.title()):
        assert VALUES.plain(dress.format(cased)) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("u-42", "u-42"), ("  u-42 ", "u-42"), (12345, "12345"), (12345.0, "12345"), (1.5, "1.5"), (-2, "-2"),
        ("0x0", "0x0"), ("nobody", "nobody"), ("nullable", "nullable"), ("'", "'"), ("1-0", "1-0"),
        (2**64 - 1, str(2**64 - 1)), (1e20, "100000000000000000000"), ("x" * 1024, "x" * 1024),
        ("'u-42'", "'u-42'"),
    ],
)  # fmt: skip
def test_kept(value: object, expected: str) -> None:
    """Other scalars are taken as trimmed text; numbers as the text of the number, a whole float as the int."""
    assert VALUES.plain(value) == expected


@pytest.mark.parametrize("value", [None, True, False, 0, -1, 0.0, -0.0, [], {}, ["u"], {"id": "u"}, "x" * 1025, "\n"])
def test_never_an_identifier(value: object) -> None:
    """Booleans, zero, -1, lists, objects, null and more than 1,024 characters identify nobody."""
    assert VALUES.plain(value) is None


def test_the_list_can_be_extended() -> None:
    """A shop's own placeholder is blocked like the built-in ones, in any dress; the built-in list stays."""
    values = Values(blocked=[" Kiosk-User "])
    assert values.plain("'KIOSK-user'") is None
    assert values.plain("guest") is None
    assert VALUES.plain("kiosk-user") == "kiosk-user"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Ana.M\u00fcller+shop@Example.COM ", "ana.m\u00fcller+shop@example.com"), ("a@b", "a@b"), ("a@b@c", None),
        ("@b", None), ("a@", None), ("a b@c", None), ("no-mail", None), (12, None), (None, None), ("email", None),
        (["a@b.c"], None), ("a" * 1021 + "@b.c", None),
    ],
)  # fmt: skip
def test_email(value: object, expected: str | None) -> None:
    """An e-mail address is trimmed and in lower case, and must look like x@y."""
    assert VALUES.email(value) == expected


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+1 555 123 4567", "US", "+15551234567"),
        ("(555) 123-4567", "US", "+15551234567"),
        ("555.123.4567", "us", "+15551234567"), (15551234567, "US", "+15551234567"),
        ("030 123456", "DE", "+4930123456"),
        ("+49 30 123456", "US", "+4930123456"), ("0049 30 123456", "DE", "+4930123456"),
        ("+15551234567;ext=12", "US", "+15551234567"), ("12", "US", None),
        ("call me", "US", None), ("000-000-0000", "US", None), ("unknown", "US", None), (None, "US", None),
        (True, "US", None), ("+999 123", "US", None), ("1" * 300, "US", None),
    ],
)  # fmt: skip
def test_phone(value: object, region: str, expected: str | None) -> None:
    """A phone number becomes E.164 by its own country code or the region's; what cannot be dialled is none."""
    assert Values(region).phone(value) == expected


def test_an_unknown_region_is_an_error() -> None:
    """A region nobody knows is refused at the start, with what is wrong in it."""
    with pytest.raises(ValueError, match="'XX'"):
        Values("XX")


@given(st.text(max_size=60))
def test_blocking_ignores_case_and_blanks(text: str) -> None:
    """Trimmed or not, quoted or not, the answer is the same; nothing blocked is ever returned."""
    kept = VALUES.plain(text)
    assert kept == VALUES.plain(f" {text} ")
    assert kept is None or (kept == text.strip() and kept.lower() not in BLOCKED)
    assert is_blocked(text.strip()) == (kept is None)


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
def test_scalars_as_text(value: object) -> None:
    """Every scalar but null has a text, trimmed."""
    text = text_of(value)
    assert (text is None) == (value is None)
    assert text is None or text == text.strip()
