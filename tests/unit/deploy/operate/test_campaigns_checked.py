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
    assert fault["line"] is None
    assert "campaigns.yaml" in fault["fault"]


def test_a_second_sample_is_of_a_customer_of_whom_little_is_known(tmp_path):
    """Names, prices and addresses that are nothing: what prints nothing is shown, what fails is told."""
    _, samples = checked(folder(tmp_path, t="{{ products[0].name }}:{{ products[0].price | money }}!", u="hello"))
    assert {(s.body, s.bare_body, s.needs) for s in samples if s.campaign == "a"} == {
        ("Desk Lamp &lt;Norden&gt;:€49.90!", ":!", ""), ("Desk Lamp <Norden>:€49.90!", ":!", ""),
    }  # fmt: skip
