"""The page over what views said: its structure, its links, escaped text, and what it says where there is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from deploy.report.drawing import counted, earned
from deploy.report.model import Section, Table, Tile
from deploy.report.page import definitions, filled, render
from sinks.clickhouse.view_docs import Column, ViewDoc
from sinks.clickhouse.view_rows import Asked, Period, ViewRows
from tests.support.html_reading import Page, read

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

MONTH = Period(date(2026, 10, 1), date(2026, 10, 31))
NASTY = "</td><script>alert(1)</script>\"'&"
ASKED = Asked("v_x")
TABLE = Table(ASKED, "Channels", ("channel",), ("reach",), ("revenue",), by="reach",
              draw=counted("reach", ("channel",), "Reach"))  # fmt: skip
SECTION = Section("first", "First", "What it is about.", (
    TABLE, replace(TABLE, caption="Money", folded=True, note="A note.", draw=earned("revenue", ("channel",), "Money")),
))  # fmt: skip
DOCS = {"v_x": ViewDoc("v_x", question="What?", grain="a channel.", notes=NASTY, columns=[
    Column("channel", ("key",), NASTY), Column("reach", ("count",), "customers"), Column("revenue", ("money",), "it"),
    Column("currency", ("key",), "of the money"),
])}  # fmt: skip


def answer(*names: str) -> dict[Asked, ViewRows]:
    """The view's rows for some channels, in two currencies."""
    rows = tuple(
        {"channel": name, "reach": at + 1, "revenue": Decimal(at), "currency": currency}
        for at, name in enumerate(names)
        for currency in ("EUR", "USD")
    )
    return {ASKED: ViewRows("SELECT * FROM v_x WHERE a < 'b'", rows, MONTH)}


def page(found: dict[Asked, ViewRows], data: Period | None = MONTH, tiles: tuple[Tile, ...] = ()) -> tuple[str, Page]:
    """The page of one section, as HTML and as read."""
    html = render(
        month="October 2026", period=MONTH, data=data, timezone="UTC", version="1",
        sections=[filled(SECTION, found, DOCS, "EUR", tiles)], definitions=definitions([SECTION], found, DOCS),
    )  # fmt: skip
    return html, read(html)


def test_a_page_is_one_file_whose_links_lead_somewhere() -> None:
    """Nothing is fetched and nothing runs; each link leads to an id of the page, which is there once."""
    html, seen = page(answer("web", "app"), tiles=(Tile("Orders", ("7",), "v_x.reach", "+3 %"),))
    assert seen.faults == []
    assert seen.links
    assert all(link.startswith("#") for link in seen.links)
    assert {link[1:] for link in seen.links} - {"overview"} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in seen.tags}
    assert "url(http" not in html
    assert "@import" not in html


def test_each_number_links_to_its_definition() -> None:
    """A number in a tile and in a cell is a link to the column's definition, which has the view's question and SQL."""
    html, seen = page(answer("web"), tiles=(Tile("Orders", ("1,234",), "v_x.reach"),))
    assert '<a class="n" href="#v_x.reach">1,234</a>' in html
    assert html.count('href="#v_x.revenue" tabindex="-1">EUR\u00a00.00</a>') == 2
    text = " ".join("".join(seen.text).split())
    assert "What? A row: a channel." in text
    assert "SELECT * FROM v_x WHERE a < 'b'" in text


def test_landmarks_headings_captions_and_scopes() -> None:
    """The page has a language, one h1, headings without a gap, landmarks, captions, scopes and named pictures."""
    _, seen = page(answer("web", "app"))
    tags = [tag for tag, _ in seen.tags]
    attributes = {tag: found for tag, found in seen.tags}  # noqa: C416 - the last of each
    assert attributes["html"]["lang"] == "en"
    assert tags.count("h1") == tags.count("main") == tags.count("nav") == 1
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3", "h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert tags.count("caption") == tags.count("table")
    assert all(found.get("scope") for tag, found in seen.tags if tag == "th")
    pictures = [found for tag, found in seen.tags if tag == "svg" and found.get("aria-hidden") != "true"]
    assert len(pictures) == 2
    assert all(found["role"] == "img" and found["aria-label"] for found in pictures)


def test_text_from_data_stays_text() -> None:
    """Names in rows, charts and definitions are escaped, and are read as they are."""
    html, seen = page(answer(NASTY, "web"))
    assert "<script" not in html
    assert seen.faults == []
    assert "".join(seen.text).count(NASTY) >= 4


def test_a_section_without_rows_says_so() -> None:
    """Without rows a section says that nothing happened; without the view it says which one, and what to do."""
    assert "Nothing of this happened in the month." in page(answer())[0]
    missing = page({})[0]
    assert "The view v_x is missing in this database: run `winback migrate`." in missing
    assert "Nothing of this" not in missing
    odd = {ASKED: ViewRows("SELECT 1", ({"reach": 1},), MONTH)}
    assert "v_x has no column channel" in page(odd)[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "There is no data yet."),
        (Period(date(2026, 9, 1), date(2026, 10, 12)), "its numbers go to 12 October 2026"),
        (Period(date(2026, 9, 1), date(2026, 11, 2)), "There is data from 1 September 2026 to 2 November 2026."),
    ],
)
def test_the_page_says_what_days_it_knows(data: Period | None, said: str) -> None:
    """From when to when there is data, and whether the month is over."""
    html = " ".join(page(answer("web"), data)[0].split())
    assert said in html
    assert ("not complete" in html) == ("numbers go to" in said)


def test_days_of_a_table_are_said_where_they_are_not_the_months() -> None:
    """A table over other days, or all of them, says so."""
    found: dict[Asked, Any] = answer("web")
    year = Period(date(2025, 11, 1), date(2026, 10, 31))
    assert "1 November 2025 to 31 October 2026." in page({ASKED: replace(found[ASKED], days=year)})[0]
    assert "All days." in page({ASKED: replace(found[ASKED], days=None)})[0]
