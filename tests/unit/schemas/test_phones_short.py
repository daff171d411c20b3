"""The short way of reading phone numbers gives what phonenumbers gives."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from schemas.phones import _short, _whole, is_region, read_phone

CODES = st.sampled_from(sorted(COUNTRY_CODE_TO_REGION_CODE)).map(str)
DIGITS = st.text("0123456789", min_size=1, max_size=14)
BLANKS = st.sampled_from(["", "", "", " ", "-", ".", " (", ") ", "\u00a0", " - "])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Numbers with a country code that exists, and separators anywhere."""
    digits = draw(CODES) + draw(DIGITS)
    return "+" + "".join(draw(BLANKS) + digit for digit in digits) + draw(BLANKS)


@settings(max_examples=1000, deadline=None)
@given(numbers() | DIGITS.map("+{}".format), st.sampled_from(["US", "DE", "IT", "BR"]))
@example("+44 (0)20 7946 0000", "US")
@example("+39 06 698 123", "US")
@example("+52 1 55 1234 5678", "US")
@example("+54 9 11 1234 5678", "US")
@example("+1 0415 555 2671", "US")
@example("+390000000", "IT")
def test_short_and_whole_agree(text: str, region: str) -> None:
    """Wherever the short way has an answer, it is the library's."""
    short = _short(text)
    assert short is None or short == _whole(text, region)


@pytest.mark.parametrize(
    "text", ["+15551234567", "+1 (555) 123-4567", "+49 30 123456", "+390669812345", "+44 20 7946 0000"]
)
def test_the_common_form_goes_the_short_way(text: str) -> None:
    """Numbers as forms collect them need no parsing."""
    assert _short(text) is not None


@pytest.mark.parametrize(
    "text", ["", "+", "++1", "1 555 123 4567", "+0 555 123 4567", "+1 555 123 4567 x9", "+1/5551234567"]
)
def test_the_rest_is_the_librarys(text: str) -> None:
    """Anything else is left to phonenumbers."""
    assert _short(text) is None
    assert read_phone(text, "US") == _whole(text, "US")


def test_regions() -> None:
    """A region is a country code in capital letters."""
    assert is_region("DE")
    assert not is_region("XX")
