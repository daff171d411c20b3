"""Charts as SVG, drawn by Vega-Lite (altair, vl-convert) at the width of a phone; no network, no script.

Colours are the page's CSS variables, so that a chart follows light, dark and print. What a chart says is also said by
length, position, dashes, hatching and the figures written into it: none of it by colour alone. Text from data goes
through Vega's own SVG writer, which escapes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from xml.etree import ElementTree as ET

WIDTH: Final = 330
"""Pixels of a chart: what a phone of 360 has beside its margins."""
FONT: Final = "Arial, Helvetica, sans-serif"
INK, MUTED, LINE, BAR, HATCH = "var(--ink)", "var(--muted)", "var(--line)", "var(--bar)", "url(#hatch)"
LABELS: Final = 108
"""Pixels that the names beside bars have at most; a longer one ends in an ellipsis, and the table has it whole."""
HALF: Final = 0.5
"""The opacity of a field above which its figure is written in the colour of the page."""
ENLARGED: Final = 1.15
"""How much larger a chart is shown where there is room."""
BESIDE: Final = 16
"""Letters of a name that fits beside its bar; with a longer one, all names stand above their bars."""
_LONG: Final = re.compile(r"-?\d+\.\d{2,}")


@dataclass(frozen=True)
class Mark:
    """One thing in a chart: its name, its value, and the figure that is written beside it.

    `low` and `high` are the ends of an interval around it. `group` is hatched if it is not empty.
    """

    name: str
    value: float
    figure: str
    low: float | None = None
    high: float | None = None
    group: str = ""


def bars(marks: Sequence[Mark]) -> str:
    """Returns SVG: bars from left to right, one below another, each with its name and its figure."""
    import altair as alt

    rows = [{**row, "at": at} for at, row in enumerate(_rows(marks))]
    above = max(len(mark.name) for mark in marks) > BESIDE
    labels = "{" + ",".join(f"{row['at']}:{_quoted(row['name'])}" for row in rows) + "}[datum.value]"
    axis = None if above else alt.Axis(labelExpr=labels, labelLimit=LABELS, ticks=False)
    place = alt.Y("at:O", title=None, axis=axis, scale=alt.Scale(paddingInner=0.55 if above else 0.15))
    value = alt.X("value:Q", axis=None, scale=alt.Scale(domainMin=min(0, *(mark.value for mark in marks))))
    base = alt.Chart(_data(rows)).encode(x=value, y=place)
    layers = [
        base.mark_bar(color=BAR),
        base.transform_filter("datum.group != ''").mark_bar(color=HATCH),
        base.mark_text(align="left", dx=4, color=INK, fontSize=12).encode(text="figure:N"),
    ]
    if above:
        named = base.mark_text(align="left", baseline="bottom", dy=-8, color=INK, fontSize=12, limit=WIDTH - 8)
        layers.append(named.encode(x=alt.XDatum(min(0, *(mark.value for mark in marks))), text="name:N"))
    room = 7 * max(len(mark.figure) for mark in marks) + 16 + (0 if above else LABELS)
    return _svg(alt.layer(*layers).properties(width=max(90, WIDTH - room), height=alt.Step(36 if above else 22)))


def days(marks: Sequence[Mark], every: int = 7) -> str:
    """Returns SVG: a bar a day, the first, each `every`-th and the highest of them with a name or a figure."""
    import altair as alt

    top = max(range(len(marks)), key=lambda at: marks[at].value)
    rows = [
        {"at": at, "name": mark.name, "value": mark.value, "figure": mark.figure if at == top else ""}
        for at, mark in enumerate(marks)
    ]
    shown = [at for at in range(len(marks)) if at % every == 0]
    labels = "{" + ",".join(f"{at}:{_quoted(marks[at].name)}" for at in shown) + "}[datum.value]"
    base = alt.Chart(_data(rows))
    place = alt.X("at:O", title=None, axis=alt.Axis(values=shown, labelExpr=labels, labelAngle=0, labelLimit=44))
    value = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=3, grid=True, format="~s"))
    drawn = base.mark_bar(color=BAR).encode(x=place, y=value)
    edge: Any = "right" if top > len(marks) * 2 / 3 else "left" if top < len(marks) / 3 else "center"
    figures = base.mark_text(dy=-7, align=edge, color=INK, fontSize=12).encode(x=place, y=value, text="figure:N")
    return _svg((drawn + figures).properties(width=WIDTH - 46, height=110))


def intervals(marks: Sequence[Mark], *, percent: bool = True) -> str:
    """Returns SVG: a point each with its interval, and a dashed line at nothing. `percent`: values are rates."""
    import altair as alt

    rows = _rows(marks)
    base = alt.Chart(_data(rows))
    name = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=LABELS))
    along = alt.Axis(grid=False, tickCount=4, format="+.1~%" if percent else "+,.2~r")
    low = alt.X("low:Q", title=None, axis=along)
    drawn = base.mark_rule(color=INK, strokeWidth=2).encode(x=low, x2="high:Q", y=name)
    points = base.mark_point(color=INK, filled=True, size=60, shape="diamond", opacity=1).encode(x="value:Q", y=name)
    figures = base.mark_text(dy=-9, color=INK, fontSize=11).encode(x="value:Q", y=name, text="figure:N")
    nothing = alt.Chart(_data([{"x": 0}])).mark_rule(strokeDash=[4, 3], color=MUTED).encode(x="x:Q")
    return _svg((nothing + drawn + points + figures).properties(width=WIDTH - LABELS - 24, height=alt.Step(38)))


def heat(cells: Sequence[tuple[str, str, float, str]], *, across: str, down: str) -> str:
    """Returns SVG: a field for each of `cells` (column, row, value, figure), darker for more, with its figure in it.

    `across` and `down` are what columns and rows are.
    """
    import altair as alt

    most = max((value for _, _, value, _ in cells), default=0) or 1
    shares = [0.06 + 0.94 * value / most for _, _, value, _ in cells]
    rows = [
        {"x": x, "y": y, "figure": figure, "share": share, "dark": share > HALF}
        for (x, y, _, figure), share in zip(cells, shares, strict=True)
    ]
    base = alt.Chart(_data(rows)).encode(
        x=alt.X("x:N", sort=None, title=across, axis=alt.Axis(labelAngle=0, labelLimit=60)),
        y=alt.Y("y:N", sort=None, title=down, axis=alt.Axis(labelLimit=LABELS)),
    )
    fields = base.mark_rect(color=BAR, stroke=LINE).encode(
        opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0, 1]), legend=None)
    )
    light = base.transform_filter("!datum.dark").mark_text(color=INK, fontSize=11).encode(text="figure:N")
    dark = base.transform_filter("datum.dark").mark_text(color="var(--on-bar)", fontSize=11).encode(text="figure:N")
    width = min(WIDTH - 90, 56 * len({row["x"] for row in rows}))
    return _svg((fields + light + dark).properties(width=width, height=alt.Step(30)))


def cumulative(marks: Sequence[Mark], share: float) -> str:
    """Returns SVG: bars of shares, the largest first, the sum so far as a line of points, and dashes at `share`.

    A mark's value is its share, its `high` the sum of shares up to it.
    """
    import altair as alt

    rows = _rows(marks)
    base = alt.Chart(_data(rows))
    name = alt.X("name:N", sort=None, title=None, axis=alt.Axis(labelAngle=-60, labelLimit=90))
    scale = alt.Scale(domain=[0, 1])
    value = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(format="%", tickCount=5, grid=True))
    drawn = base.mark_bar(color=BAR).encode(x=name, y=value)
    hatched = base.transform_filter("datum.group != ''").mark_bar(color=HATCH).encode(x=name, y=value)
    so_far = base.mark_line(color=INK, point=alt.OverlayMarkDef(color=INK, size=30)).encode(x=name, y="high:Q")
    goal = alt.Chart(_data([{"y": share}])).mark_rule(strokeDash=[4, 3], color=MUTED).encode(y="y:Q")
    return _svg((drawn + hatched + so_far + goal).properties(width=WIDTH - 46, height=190))


def _data(rows: Sequence[Mapping[str, Any]]) -> Any:
    import altair as alt

    data: Any = alt.Data
    return data(values=rows)


def _rows(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    return [
        {"name": mark.name, "value": mark.value, "figure": mark.figure, "low": mark.low, "high": mark.high,
         "group": mark.group}
        for mark in marks
    ]  # fmt: skip


def _quoted(text: str) -> str:
    """The text as a literal of a Vega expression."""
    return '"' + re.sub(r"[^\w .:-]", " ", text) + '"'


def _svg(chart: Any) -> str:
    """The chart's SVG without its size and roles of its own: the figure around it says both."""
    import vl_convert

    spec = chart.configure(
        background="transparent", font=FONT, aria=False, padding=3,
    ).configure_view(stroke=None).configure_axis(
        labelColor=INK, titleColor=INK, labelFontSize=12, titleFontSize=12, titleFontWeight="normal", domainColor=MUTED,
        tickColor=MUTED, gridColor=LINE, labelFont=FONT,
    ).to_dict()  # fmt: skip
    return _plain(vl_convert.vegalite_to_svg(spec))


def _plain(drawn: str) -> str:
    """The SVG without size, and without the roles of its parts: to a screen reader it is one picture."""
    root = ET.fromstring(drawn)  # noqa: S314 - Vega wrote it
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        for name in [name for name in element.attrib if name == "role" or name.startswith("aria-")]:
            del element.attrib[name]
        for name, value in element.attrib.items():
            element.set(name, _LONG.sub(lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), value))
    box = root.attrib["viewBox"]
    width, height = (round(float(size) * ENLARGED) for size in box.split()[2:])
    root.attrib = {"viewBox": box, "width": str(width), "height": str(height), "role": "img", "focusable": "false"}
    return ET.tostring(root, encoding="unicode")


def named(svg: str, label: str) -> str:
    """The SVG with `label` as what it says to those who do not see it."""
    return svg.replace('role="img"', f'role="img" aria-label="{escape(label)}"', 1)
