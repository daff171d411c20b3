"""A campaigns file that cannot be used: every fault with its place, as lines and as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.commands.campaigns import app
from deploy.operate.campaigns import RefusedError, checked

FILE = """
campaigns:
  - id: a
    trigger: {on: cart_abandoned}
    steps: [{id: s, channel: best, of: [email, sms], template: t}]
  - id: b
    trigger: {on: lapsed, after: 3d}
    steps: [{id: s, channel: email, template: u}]
"""
T = """subject: Hi {{ nobody }}

{{ gone }} and {% if x.y %}a{% endif %}
{{ cart.value | no_filter }}
{{ 1 | divided_by: 0 }}{% render "foot" %}"""
FOOT = 'a\n {{ what }}{{ cart.value | truncate: "x" }}'
U = "{% if %}a{% endif %}\n{% for x in %}{% endfor %}\n{{ products.size }}"


def folder(place: Path, **texts: str) -> Path:
    """A campaigns file with these templates."""
    (place / "templates").mkdir()
    for name, text in texts.items():
        (place / "templates" / f"{name}.liquid").write_text(text)
    (place / "campaigns.yaml").write_text(FILE)
    return place / "campaigns.yaml"


def test_every_fault_is_told_with_file_line_and_column(tmp_path):
    """Of all templates and partials, each once, whatever came before it."""
    with pytest.raises(RefusedError) as refused:
        checked(folder(tmp_path, t=T, foot=FOOT, u=U))
    told = {(Path(f["file"]).name, f["line"], f["column"], f["fault"].split(" (")[0]) for f in refused.value.faults}
    assert {one for one in told if one[0] == "t.liquid"} == {
        ("t.liquid", 1, 16, "'nobody' is undefined"), ("t.liquid", 3, 4, "'gone' is undefined"),
        ("t.liquid", 3, 22, "'x' is undefined"), ("t.liquid", 4, 17, "unknown filter 'no_filter'"),
        ("t.liquid", 5, 8, "divided by 0"),
    }  # fmt: skip
    assert {one[:3] for one in told if one[0] == "foot.liquid"} == {("foot.liquid", 2, 5), ("foot.liquid", 2, 28)}
    assert {one[1] for one in told if one[0] == "u.liquid"} == {1, 2}
    lines = str(refused.value).split("\n")
    assert len(lines) == len(refused.value.faults)
    assert any(line.startswith(f"{tmp_path}/templates/t.liquid:3:4: campaign 'a', step 's', email: ") for line in lines)


def test_what_is_refused_is_json_where_json_is_wanted(tmp_path):
    """With the same faults, and exit code 2; also for a file that is none."""
    told = CliRunner().invoke(app, ["check", str(folder(tmp_path, t=T, foot=FOOT, u=U)), "--json"])
    assert told.exit_code == 2
    assert {fault["line"] for fault in json.loads(told.stdout)["faults"]} == {1, 2, 3, 4, 5}
    (tmp_path / "campaigns.yaml").write_text("campaigns: 5")
    told = CliRunner().invoke(app, ["check", str(tmp_path / "campaigns.yaml"), "--json"])
    assert told.exit_code == 2
    fault = json.loads(told.stdout)["faults"][0]
    assert (Path(fault["file"]).name, fault["line"], fault["column"]) == ("campaigns.yaml", 1, 1)
    assert fault["fault"].startswith("campaigns: ")


def test_a_second_sample_is_of_a_customer_of_whom_little_is_known(tmp_path):
    """Names, prices and addresses that are nothing: what prints nothing is shown, what fails is told."""
    _, samples = checked(folder(tmp_path, t="{{ products[0].name }}:{{ products[0].price | money }}!", u="hello"))
    assert {(s.body, s.bare_body, s.needs) for s in samples if s.campaign == "a"} == {
        ("Desk Lamp &lt;Norden&gt;:€49.90!", ":!", ""), ("Desk Lamp <Norden>:€49.90!", ":!", ""),
    }  # fmt: skip


def faults(path: Path) -> set[tuple[str, int | None, int | None, str]]:
    """Name of the file, line, column and the first words of each fault, each of which is a line of its own."""
    with pytest.raises(RefusedError) as refused:
        checked(path)
    assert len(str(refused.value).split("\n")) == len(refused.value.faults)
    return {
        (Path(f["file"]).name, f["line"], f["column"], f["fault"].split(":")[0].split(" (")[0].split(";")[0])
        for f in refused.value.faults
    }


WRONG = """timezone: Mars
quiet_hours: {from: "25:00", to: "09:00"}
nonsense: 1
campaigns:
  - id: a
    trigger: {on: cart_abandoned, min_value: x}
    steps:
      - {id: s, channel: fax, template: t}
  - id: b
    trigger: {on: event, name: X, if: "properties.score >"}
    steps:
      - {id: s, channel: email, template: nowhere}
      - {id: v, channel: email, template: v, if: "cart.value >"}
      - {id: u, channel: email, template: u}
  - id: c
    trigger: {on: store_nearby}
    steps: [{id: s, channel: email, template: w}]
"""


def test_a_fault_of_the_file_hides_no_other_one(tmp_path):
    """Settings, campaigns, conditions, stores, templates that are nowhere, partials and texts: all in one go."""
    path = folder(tmp_path, u="{{ nobody }}", v='x\n{% render "gone" %}', w='{% render "w" %}{{ 1 | no_filter }}')
    path.write_text(WRONG)
    (tmp_path / "templates" / "v.de.liquid").write_text("")
    assert faults(path) == {
        ("campaigns.yaml", 1, 1, "timezone"), ("campaigns.yaml", 2, 15, "quiet_hours.from"),
        ("campaigns.yaml", 3, 1, "nonsense"), ("campaigns.yaml", 6, 35, "campaigns.a.trigger.min_value"),
        ("campaigns.yaml", 8, 17, "campaigns.a.steps.s.channel"), ("campaigns.yaml", 10, 35, "campaign 'b', trigger"),
        ("campaigns.yaml", 12, 33, "campaign 'b'"), ("campaigns.yaml", 13, 46, "campaign 'b', step 'v'"),
        ("campaigns.yaml", 16, 5, "campaign 'c'"), ("u.liquid", 1, 4, "'nobody' is undefined"),
        ("v.liquid", 2, 4, "no partial 'gone' for email"), ("w.liquid", 1, 4, "'w' would show itself"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("campaigns:\n  - [", (2, 6)), ("campaigns:\n  - {id: a, id: b}", (2, 13)), ("- a", (None, None)),
        ("campaigns: 5", (1, 1)), ("stores: none.yaml", (None, None)),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_one_fault(tmp_path, text, place):
    """With its place where there is one; a file that it names and that cannot be read, under the name of that."""
    (tmp_path / "campaigns.yaml").write_text(text)
    (told,) = faults(tmp_path / "campaigns.yaml")
    assert told[1:3] == place
    assert told[0] == ("none.yaml" if "none" in text else "campaigns.yaml")


def test_a_text_that_is_not_utf_8_is_told_beside_the_others(tmp_path):
    """Of a template and of a stores file that is no YAML."""
    path = folder(tmp_path, u="{{ nobody }}", t="")
    (tmp_path / "templates" / "t.liquid").write_bytes(b"\xff")
    path.write_text(f"stores: stores.yaml{FILE}")
    (tmp_path / "stores.yaml").write_text("- [")
    told = faults(path)
    assert {("stores.yaml", 1, 4), ("t.liquid", None, None), ("u.liquid", 1, 4)} == {one[:3] for one in told}
