"""Time zones by every name that producers give them, with the rules of the tzdata package."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.zones import VERSION, local_time, zone, zone_named

SUMMER = int(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Europe/Berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), (" EUROPE/BERLIN ", "Europe/Berlin"),
        ("W. Europe Standard Time", "Europe/Berlin"), ("w. europe daylight time", "Europe/Berlin"),
        ("India Standard Time", "Asia/Calcutta"), ("+03:00", "+03:00"), ("+3", "+03:00"), ("+0300", "+03:00"),
        ("UTC+3", "+03:00"), ("utc+03:00", "+03:00"), ("GMT+2", "+02:00"), ("GMT+0530", "+05:30"),
        ("GMT-0330", "-03:30"),
        ("UTC -5", "-05:00"), ("UTC\u22125", "-05:00"), ("-00:00", "+00:00"), ("UTC+14", "+14:00"), ("Z", "UTC"),
        ("utc", "UTC"),
        ("Etc/GMT+2", "Etc/GMT+2"), ("EST5EDT", "EST5EDT"),
        ("GMT+0100 (Central European Standard Time)", "+01:00"), ("GMT-0500 (EST)", "-05:00"),
        ("America/New York", "America/New_York"), ("america/argentina/buenos aires", "America/Argentina/Buenos_Aires"),
    ],
)  # fmt: skip
def test_names(name: str, meant: str) -> None:
    """A name in any case, of Windows, or an offset: each has one name here, which is its own."""
    assert zone_named(name) == meant == zone_named(meant)


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "Mars/Base", "Factory", "../etc/passwd", "posixrules", "UTC+15", "GMT+0517", "+14:15", "+05:60", "+",
        "3", "GMT+", "GMT+0517 (LMT)", "(CET)", "GMT+1 (", "Central European (CET)",
        "Europe", "CEST", "x" * 100, None, 3, True, [], {},
    ],
)  # fmt: skip
def test_no_names(name: object) -> None:
    """Anything else is no zone: the last one known holds."""
    assert zone_named(name) is None


@pytest.mark.parametrize(
    ("name", "hours"),
    [("UTC+3", 3), ("GMT-0330", -3.5), ("Etc/GMT+2", -2), ("europe/berlin", 2), ("India Standard Time", 5.5), ("Z", 0)],
)
def test_offsets(name: str, hours: float) -> None:
    """An offset is east of UTC where it is positive; the IANA list's Etc/GMT+2 is west, as POSIX has it."""
    named = zone_named(name)
    assert named is not None
    assert local_time(SUMMER, named).utcoffset() == timedelta(hours=hours)


def test_the_package_and_not_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory) -> None:
    """Whatever the system's files say, the rules are the package's; the version shown is the package's."""
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path),))
    (tmp_path / "Europe").mkdir()  # type: ignore[operator]
    (tmp_path / "Europe" / "Vaduz").write_bytes(b"no zone file")  # type: ignore[operator]
    assert local_time(SUMMER, "Europe/Vaduz").utcoffset() == timedelta(hours=2)
    assert version("tzdata") == VERSION


@pytest.mark.parametrize("name", ["utc+3", "Mars/Base", "europe/berlin"])
def test_rules_are_those_of_a_name_as_read(name: str) -> None:
    """Only what `zone_named` gives is looked up."""
    with pytest.raises(ValueError, match="no time zone"):
        zone(name)


@given(st.text(max_size=30) | st.from_regex(r"(UTC|GMT)?[+-][0-9]{1,4}(:[0-9]{2})?", fullmatch=True))
def test_any_text_is_a_zone_or_none(text: str) -> None:
    """No text raises, and every name that is given back can be looked up, within 14 hours of UTC."""
    named = zone_named(text)
    if named is not None:
        offset = local_time(SUMMER, named).utcoffset()
        assert offset is not None
        assert abs(offset) <= timedelta(hours=14)
