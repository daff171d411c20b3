"""Campaign files: what is read, and what is refused."""

from __future__ import annotations

import pytest

from streams.campaigns import load
from streams.core.render import Renderer

STEP = "{id: s, channel: email, template: cart_reminder}"


def campaign(id_: str, *steps: str, on: str = "cart_abandoned", more: str = "") -> str:
    """One item of the list of campaigns."""
    return f"  - {{id: {id_}, trigger: {{on: {on}}}, {more}steps: [{', '.join(steps)}]}}\n"


def write(tmp_path, text):
    """A file with that text."""
    path = tmp_path / "campaigns.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_built_in_file_is_valid_and_its_templates_are_liquid():
    """What runs without any setting."""
    campaigns = load(None)
    assert set(campaigns.by_trigger) == {"cart_abandoned", "checkout_abandoned"}
    assert Renderer(campaigns).errors == {}


def test_bare_words_mean_what_they_say(tmp_path):
    """`on`, `no` and 21:00 are a key, an id and a time, as in YAML 1.2."""
    night = "quiet_hours: {from: 21:00, to: 09:00}\n"
    path = write(tmp_path, f"{night}campaigns:\n{campaign('no', STEP)}")
    file = load(path).file
    assert file.campaigns[0].id == "no"
    assert file.quiet_hours is not None
    assert file.quiet_hours.start.hour == 21


def test_a_template_beside_the_file_comes_before_the_built_in_one(tmp_path):
    """A shop's own words win, the channel's own file first."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "cart_reminder.liquid").write_text("mine", encoding="utf-8")
    path = write(tmp_path, f"campaigns:\n{campaign('a', STEP)}")
    assert load(path).templates["", "cart_reminder", "email"] == "mine"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("campaigns: [", "no YAML"),
        ("- a", "mapping"),
        ("timezone: Mars/Base", "time zone"),
        ("caps: {email: [{limit: 1, per: soon}]}", "duration"),
        ("campain: []", "campain"),
        ("campaigns:\n" + campaign("a", STEP, on="eclipse"), "'eclipse' is not known"),
        ("campaigns:\n" + campaign("a", STEP, on="lapsed"), "needs `after`"),
        ("campaigns:\n" + campaign("a", STEP, on="lapsed, after: 30d, radius: 2km"), "does not know 'radius'"),
        ("campaigns:\n" + campaign("a", STEP, STEP), "two steps have the id 's'"),
        ("campaigns:\n" + campaign("a", STEP.replace("email", "pigeon")), "'pigeon' is not known"),
        ("campaigns:\n" + campaign("a", STEP.replace("cart_reminder", "nowhere")), "no template 'nowhere'"),
        ("campaigns:\n" + campaign("a", STEP) + campaign("a", STEP), "two campaigns have the id 'a'"),
        ("campaigns:\n" + campaign("a", STEP, more="holdout: 110%, "), "0% to 100%"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line_that_says_why(tmp_path, text, says):
    """The file, the place and the reason, without a traceback."""
    with pytest.raises(ValueError, match="campaigns") as refused:
        load(write(tmp_path, text))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    """Names the path."""
    with pytest.raises(ValueError, match="cannot be read"):
        load(tmp_path / "none.yaml")
