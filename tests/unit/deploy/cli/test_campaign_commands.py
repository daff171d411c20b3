"""`winback campaigns check`: what it shows, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import deploy
from deploy.cli import main as cli

EXAMPLE = Path(deploy.__file__).parent / "examples" / "campaigns" / "campaigns.yaml"


@pytest.fixture
def check(capfd):
    """`check(file, ...)`: exit code, standard output, standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["campaigns", "check", *map(str, arguments)])
        told = capfd.readouterr()
        return ended.value.code, told.out, told.err

    return run


def test_the_example_is_shown(check):
    """What each campaign does, and each message in both languages, those that read the same once."""
    code, out, err = check(EXAMPLE)
    assert code == 0, err
    for words in ("price_dropped min_drop 10%", "interest carted, wished", "after 20h: other of email",
                  "abandoned-cart / reminder, sms, de, variant plain or variant offer, 1 segment",
                  "#cozyhome: see you at Berlin Mitte", "radius 2000 m", "offer 15%, valid 30d", "not in big-spenders",
                  "carts abandoned within 30d at least 2 and not"):  # fmt: skip
        assert words in " ".join(out.split()), words
    assert "15 campaigns" in err


def test_the_example_as_json(check):
    """Settings and campaigns as they are understood, and every sample."""
    code, out, _ = check(EXAMPLE, "--json")
    shown = json.loads(out)
    assert (code, shown["stores"], len(shown["campaigns"])) == (0, 3, 15)
    one = next(m for m in shown["messages"] if (m["campaign"], m["language"]) == ("billboard", "de"))
    assert (one["subject"], one["body"]) == ("#cozyhome", "#cozyhome: bis gleich bei Berlin Mitte")


def test_a_template_that_fails_is_named(check, tmp_path):
    """Exit 2 and one line: the template's file, campaign, step, channel, variant, and what is wrong."""
    (tmp_path / "templates" / "de").mkdir(parents=True)
    (tmp_path / "templates" / "t.liquid").write_text("fine", encoding="utf-8")
    (tmp_path / "templates" / "de" / "t.email.liquid").write_text("{{ profile.shoe }}", encoding="utf-8")
    step = "{id: s, channel: best, of: [push, email], template: t, variants: {a: 1}}"
    file = tmp_path / "c.yaml"
    file.write_text(f"campaigns: [{{id: x, trigger: {{on: cart_abandoned}}, steps: [{step}]}}]", encoding="utf-8")
    code, _, err = check(file)
    where = tmp_path / "templates" / "de" / "t.email.liquid"
    told = "campaign 'x', step 's', email, variant 'a': profile.shoe is undefined"
    assert code == 2
    assert err.startswith(f"winback: {where}:1:4: {told}")
    assert len(err.splitlines()) == 1
