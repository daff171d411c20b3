"""Charts as SVG: what is said in them, how they are named, and that text stays text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from deploy.report import charts
from deploy.report.charts import Mark

pytest.importorskip("altair")
pytest.importorskip("vl_convert")

NASTY = "<script>alert(1)</script>\"'&"
MARKS = [Mark("web", 3, "3"), Mark(NASTY, 2, NASTY, low=1, high=3, group="rest"), Mark("app", 0, "0", low=-1, high=1)]
DRAWN = {
    "bars": lambda: charts.bars(MARKS),
    "bars beside": lambda: charts.bars([Mark("web", 3, "3 %"), Mark("'];alert(1);", 2, "2 %")]),
    "days": lambda: charts.days([Mark(NASTY, at, f"{at} <b>") for at in range(30)]),
    "intervals": lambda: charts.intervals(MARKS),
    "heat": lambda: charts.heat([(NASTY, "1", 2, NASTY), ("b", "1", 0, "0")], across="x", down="y"),
    "cumulative": lambda: charts.cumulative([Mark("web", 0.7, "70 %", high=0.7), Mark("app", 0.3, "", high=1.0)], 0.8),
}  # fmt: skip


def parsed(svg: str) -> ET.Element:
    """The root of the picture."""
    return ET.fromstring(svg)  # noqa: S314 - of our own making


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_a_picture_without_script(name: str) -> None:
    """It is well-formed, no wider than a phone, coloured by the page's variables alone, without links or scripts."""
    root = parsed(charts.named(DRAWN[name](), NASTY))
    assert (root.attrib["role"], root.attrib["aria-label"]) == ("img", NASTY)
    assert float(root.attrib["viewBox"].split()[2]) <= 345
    tags = {element.tag for element in root.iter()}
    assert tags <= {"svg", "g", "path", "text", "line", "rect", "tspan"}
    colours = {element.attrib.get(one, "none") for element in root.iter() for one in ("fill", "stroke")}
    assert all(colour in ("none", "transparent", "url(#hatch)") or colour.startswith("var(--") for colour in colours), (
        colours
    )
    assert not any(name.startswith(("on", "href")) for element in root.iter() for name in element.attrib)


def test_bars_say_names_and_figures() -> None:
    """Each bar has its name and its figure as text, however long the name; a group is hatched, not only coloured."""
    drawn = charts.bars([Mark("web", 3, "EUR 3.00"), Mark("newsletter of the autumn", 2, "EUR 2.00", group="rest")])
    said = {element.text for element in parsed(drawn).iter("text")}
    assert {"web", "EUR 3.00", "newsletter of the autumn", "EUR 2.00"} <= said
    assert "url(#hatch)" in drawn
    short = {element.text for element in parsed(charts.bars([Mark("web", 3, "3")])).iter("text")}
    assert {"web", "3"} <= short
