"""`winback report` over a shop: the page as a file, every row as JSON, 80 columns on the terminal."""

from __future__ import annotations

import json
from importlib import util
from types import SimpleNamespace

import pytest

from deploy.report import monthly
from tests.support.html_reading import read

pytest.importorskip("altair")
pytest.importorskip("vl_convert")


@pytest.mark.slow
def test_a_page_is_written(told, winback, tmp_path) -> None:
    """The page of a month is one file, and nothing is printed; another page takes its place whole."""
    file = tmp_path / "page.html"
    file.write_text("the one of before")
    ran = winback(told, "report", "--html", str(file), "--month", "2026-01")
    assert (ran.returncode, ran.stdout) == (0, "")
    page = file.read_text(encoding="utf-8")
    assert "<h1>January 2026" in page
    assert read(page).faults == []
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


def test_without_the_extra_one_line_says_what_to_install(winback, tmp_path, monkeypatch) -> None:
    """A library that is not installed is named, with the extra that brings it; no page is written."""
    monkeypatch.setattr(monthly, "find_spec", lambda name: None if name == "vl_convert" else util.find_spec(name))
    ran = winback(SimpleNamespace(dsn="chdb:///is/not/opened"), "report", "--html", str(tmp_path / "page.html"))
    assert ran.returncode == 2
    assert ran.stderr.strip() == "winback: --html needs vl_convert: pip install 'winback[analysis]'"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_json_has_every_row(told, winback) -> None:
    """Each view has all of its rows, also those by day, and nothing is left out."""
    found = json.loads(winback(told, "report", "--json").stdout)
    assert found["rows_left_out"] == {}
    by_day = [name for name in found["views"] if name.endswith("_daily")]
    most = max(by_day, key=lambda name: len(found["views"][name]))
    [counted] = json.loads(winback(told, "query", f"SELECT count() AS n FROM {most}", "--json").stdout)  # noqa: S608
    assert len(found["views"][most]) == counted["n"] > 5, most


@pytest.mark.slow
def test_eighty_columns(told, winback) -> None:
    """No line is longer than 80 characters."""
    printed = winback(told, "report").stdout.splitlines()
    assert max(map(len, printed)) <= 80
    assert any("v_channel_kpis" in line for line in printed)


def test_a_view_over_days_without_days_is_told(told, winback) -> None:
    """A view that needs days and is named without is told in one line, with how to call it; others are not blamed."""
    ran = winback(told, "query", "SELECT count() FROM v_channel_kpis")
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "v_channel_kpis(from = '2026-10-01', to = '2026-10-31')" in ran.stderr
    assert "view over days" not in winback(told, "query", "SELECT no_such FROM v_channel_daily").stderr


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["SELECT 1 AS a, 'x, y' AS b FORMAT CSVWithNames"], '"a","b"\n1,"x, y"\n'),
        (["SELECT 1 AS a", "--format", "JSONEachRow"], '{"a":1}\n'),
        (["SELECT 1 AS a format TSV ;"], "1\n"),
        (["SELECT 1 AS a FORMAT CSV SETTINGS max_threads = 1"], "1\n"),
    ],
)  # fmt: skip
def test_a_query_takes_a_format(winback, told, arguments, out):
    """In the SQL, with settings behind it too, or as an option: the bytes are ClickHouse's own."""
    ran = winback(told, "query", *arguments)
    assert (ran.returncode, ran.stdout) == (0, out), ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["SELECT 1 FORMAT CSV", "--json"], "exclude each other"),
        (["SELECT 1 FORMAT CSV", "--format", "TSV"], "the query asks for FORMAT CSV"),
        (["SELECT 1", "--format", "NoSuch"], "NoSuch"),
    ],
)
def test_a_format_that_cannot_be(winback, told, arguments, said):
    """Two formats at once, or one that there is not, are one line and exit 2."""
    ran = winback(told, "query", *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
