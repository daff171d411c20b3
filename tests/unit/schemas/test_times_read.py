"""Every form of time the contract allows, and those it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import MAX_TIME, SECONDS, THOUSANDTHS, is_absent, iso, minute_of, parse

AT = 1_710_053_999_123


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-10T06:59:59.123Z",
        "2024-03-10T06:59:59.123z",
        "2024-03-10t06:59:59.123Z",
        "2024-03-10 06:59:59.123Z",
        "2024-03-10 06:59:59.123 +00:00",
        "  2024-03-10T06:59:59.123Z  ",
        "2024-03-10T06:59:59.123",
        "2024-03-10T06:59:59,123",
        "2024-03-10T06:59:59.123+00:00",
        "2024-03-10T06:59:59.123000+00:00",
        "2024-03-10T06:59:59.123999+00:00",
        "2024-03-10T06:59:59.1239999999Z",
        "2024-03-10T07:59:59.123+01:00",
        "2024-03-10T07:59:59.123+0100",
        "2024-03-10T07:59:59.123+01",
        "2024-03-09T21:29:59.123-09:30",
        "20240310T065959.123Z",
        "2024-W10-7T06:59:59.123Z",
        "2024W107T06:59:59.123Z",
        "2024-070T06:59:59.123Z",
        "1710053999123",
        "1710053999123456",
        "1710053999123456789",
        1_710_053_999_123_456,
        1_710_053_999_123_456_789,
        1_710_053_999_123_456.0,
        "1710053999,123",
        " 1710053999123 ",
        "1710053999.123",
        1_710_053_999_123,
        1_710_053_999.123,
        1_710_053_999_123.4,
    ],
)
def test_the_same_moment_in_every_form(text: object) -> None:
    """ISO 8601 in its forms, and epoch times from seconds to nanoseconds, number or text, are all the same moment."""
    assert parse(text) == AT
    assert parse(text) == AT  # again, by what was remembered


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        (0, 0),
        ("0", 0),
        (1, 1000),
        (1_710_053_999, 1_710_053_999_000),
        ("1710053999", 1_710_053_999_000),
        (99_999_999_999, 99_999_999_999_000),
        (100_000_000_000, 100_000_000_000),
        ("1970-01-01", 0),
        ("2024-02-29", 1_709_164_800_000),
        ("2024-03-10T06", 1_710_050_400_000),
        ("2024-03-10T06:59Z", 1_710_053_940_000),
        ("2024-03-10T24:00:00Z", 1_710_115_200_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("9999-12-31T23:59:59.999Z", MAX_TIME),
        (99_999_999_999_999, 99_999_999_999_999),
        (100_000_000_000_000, 100_000_000_000),
        (99_999_999_999_999_999, 99_999_999_999_999),
        (100_000_000_000_000_000, 100_000_000_000),
    ],
)
def test_edges_of_the_valid_range(value: object, ms: int) -> None:
    """The size of a number tells its unit; the range is 1970 to 9999; a leap second and 24:00 are the moment after."""
    assert parse(value) == ms


@pytest.mark.parametrize(
    "value",
    [
        "10/03/2024", "yesterday", "2024-13-01", "2024-02-30", "2023-02-29T00:00:00Z", "2024-03-10T25:00:00Z",
        "2024-03-10T24:00:01Z", "2024-03-10T06:60:00Z", "2024-03-10T06:59:61Z", "2024-03-10T06:59:59.Z",
        "2024-03-10T06:59:59.123+24:00", "2024-03-10T06:59:59.123+00:60", "2024-03-10T06:59:59.123ZZ", "2024-366-01",
        "2023-366", "2024-000", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59.999-00:01", "-1", "1e10", "2024-03-10T06:59:59+01:00[Europe/Berlin]",
        "2024-03-10T06:59:59 Europe/Berlin",
        "0000-00-00 00:00:00", "\u0661\u0667\u0661\u0660\u0660\u0665\u0663\u0669\u0669\u0669",
        "2024-03-10T0\u0666:59:59.123Z", "2024-03-10T06:59:59.\u0661\u0662\u0663Z", "99999999999999999999", -1, -0.001,
        2**63, 1e20, 1e300, float("nan"), float("inf"), True, False, [], {}, None, "",
    ],
)  # fmt: skip
def test_unreadable_times(value: object) -> None:
    """What is no time, or none between 1970 and 9999, is None: no guess is made."""
    assert parse(value) is None


@pytest.mark.parametrize(
    ("value", "absent"),
    [
        (None, True), ("", True), (" \t", True), ("x", False), (0, True), (0.0, True), ("0", True), (False, False),
        ("1970-01-01T00:00:00Z", True), ("1970-01-01T01:00:00+01:00", True), ("1970-01-01T00:00:01Z", False),
        (1, False), ([], False),
    ],
)  # fmt: skip
def test_absent_is_not_unreadable(value: object, absent: bool) -> None:
    """Null, blank text and the epoch itself mean that no time was given."""
    assert is_absent(value) is absent


@given(st.integers(0, MAX_TIME))
def test_iso_and_back(ms: int) -> None:
    """What iso writes is what the standard library writes, and parse reads it back, the second time by table too."""
    text = iso(ms)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert text == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert parse(text) == parse(text) == ms
    minute = minute_of(text[:17])
    assert (minute is None) is (ms < 60_000)
    assert (minute or 0) + SECONDS[text[17:20]] + THOUSANDTHS[text[20:]] == ms


@given(st.datetimes(datetime(1971, 1, 1), datetime(9999, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - bounds are naive
def test_agrees_with_the_standard_library(moment: datetime) -> None:
    """Any zone and any microsecond: the same moment as datetime has, cut to milliseconds."""
    text = moment.isoformat()
    standard = datetime.fromisoformat(text)
    delta = standard - datetime(1970, 1, 1, tzinfo=UTC)
    offset = standard.utcoffset()
    if offset is not None and offset % timedelta(minutes=1):
        return  # ISO 8601 has no seconds in a zone
    assert parse(text) == (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].{0,20}", fullmatch=True))
def test_any_text_is_read_or_none(text: str) -> None:
    """No text raises, and what is read is in range; reading twice gives the same."""
    ms = parse(text)
    assert ms == parse(text)
    assert ms is None or 0 <= ms <= MAX_TIME


@pytest.mark.parametrize("ms", [-1, MAX_TIME + 1, 10**18])
def test_iso_outside_its_range(ms: int) -> None:
    """A time that cannot be written in four digits of a year is an error, not a wrong text."""
    with pytest.raises(OverflowError):
        iso(ms)


def test_a_minute_is_only_canonical_text() -> None:
    """The fast way takes only what iso would write, so that the text itself can be kept as event_time."""
    for text in ("2024-03-10T24:00:", "2024-03-10t06:59:", "2024-03-10T06:60:", "2024-03-10 06:59:", "x", ""):
        assert minute_of(text) is None
    assert "60." not in SECONDS
