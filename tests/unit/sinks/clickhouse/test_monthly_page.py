"""The monthly page over the simulated shop and over an empty database, from the views that this version has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from deploy.report.monthly import monthly
from deploy.report.months import month
from deploy.report.sections import SECTIONS
from tests.support.browser import look
from tests.support.html_reading import read
from tests.support.report_views import COMING
from tests.support.shop_topics import shop_topics

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

pytestmark = pytest.mark.slow  # the page asks some thirty questions of views


@pytest.fixture(scope="module")
def page(shop: Any) -> str:
    """The page of the month of the simulated shop."""
    return monthly(shop, "UTC")


def test_each_section_has_its_views(page: str) -> None:
    """No section lacks a view or a column."""
    lacking = set(re.findall(r"The view (v_\w+) is missing", page)) | set(re.findall(r"(v_\w+) has no column", page))
    assert lacking <= COMING


def test_the_page_is_whole(page: str) -> None:
    """All sections are there, in their order; links lead to ids of the page, which are there once; tags are nested."""
    seen = read(page)
    assert seen.faults == []
    assert [one for one in seen.ids if one in {section.id for section in SECTIONS}] == [one.id for one in SECTIONS]
    assert {link[1:] for link in seen.links} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    assert "January 2026" in page


def test_numbers_of_the_overview(page: str) -> None:
    """Events, messages and orders of the month are those of the output topics."""
    topics = shop_topics()
    orders = sum(row["orders"] for row in topics["conversions"])
    for name, value in (
        ("Events", len(topics["stitched.events"])),
        ("Messages sent", len(topics["retargeting.messages"])),
        ("Orders", orders),
    ):
        assert re.search(rf"<dt>{name}</dt><dd><a[^>]*>{value:,}</a></dd>", page), name


def test_no_profile_is_named(page: str) -> None:
    """The page has nobody's id or address on it."""
    ids = {row["profile_id"] for row in shop_topics()["stitched.events"]}
    assert not any(one in page for one in ids)
    assert "@example." not in page


def test_months_without_data(shop: Any) -> None:
    """A month in which nothing happened says so in its sections."""
    html = monthly(shop, "UTC", month("2024-05"))
    assert html.count("Nothing of this happened in the month.") >= 6
    assert read(html).faults == []


def test_the_page_in_a_browser(page: str, tmp_path: Path) -> None:
    """Chromium at 360 and 1,280 pixels, light and dark, and in print: axe-core finds nothing serious, nothing is wider
    than the screen or fetched, charts can be read, and print shows what is folded away.
    """  # noqa: D205
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    found = look(file, tmp_path / "seen")
    for name, seen in found.items():
        assert [one for one in seen["faults"] if one.startswith(("serious", "critical"))] == [], name
        assert seen["passes"] > 20, name
        assert seen["wider"] <= 0, name
        assert seen["fetched"] == [file.as_uri()], name
        assert seen["letters"] >= 10, name
        assert seen["folded"] == (seen["tables"] if name == "print" else 0), name
        assert (tmp_path / "seen" / f"{name}.png").stat().st_size > 10_000
