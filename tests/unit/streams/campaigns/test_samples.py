"""Samples of every message a file can write: what is shown, what is found wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import deploy
from streams.campaigns import load
from streams.campaigns.samples import samples

EXAMPLE = Path(deploy.__file__).parent / "examples" / "campaigns" / "campaigns.yaml"
FILE = """
{}
campaigns:
  - id: a
    trigger: {{on: {}}}
    offer: {{prefix: BACK, discount: "10%", variants: [offer]}}
    steps: [{{id: s, channel: {}, template: t, variants: {{plain: 1, offer: 1}}}}]
"""


def made(tmp_path, text, *, channel="email", on="cart_abandoned", more=""):
    """The samples of a file whose one template is this text."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.liquid").write_text(text, encoding="utf-8")
    (tmp_path / "campaigns.yaml").write_text(FILE.format(more, on, channel), encoding="utf-8")
    return list(samples(load(tmp_path / "campaigns.yaml")))


@pytest.mark.parametrize("path", [None, EXAMPLE])
def test_what_comes_with_winback_gives_a_message_to_everybody(path):
    """No template fails, nor does one need anything of a customer that it does not ask for first."""
    found = list(samples(load(path)))
    assert found
    assert [(s.template, s.fault, s.needs) for s in found if s.fault or s.needs] == []


def test_a_step_is_shown_in_each_language_variant_and_offer(tmp_path):
    """The variant with the offer also without it: an offer runs out."""
    found = made(tmp_path, "{{ variant }}{% if offer %} {{ offer.code }}{% endif %}")
    assert [(s.variant, s.offer, s.body) for s in found] == [
        ("plain", False, "plain"), ("offer", True, "offer BACK-7K2M9Q4T"), ("offer", False, "offer"),
    ]  # fmt: skip
    languages = {s.language for s in samples(load(EXAMPLE)) if s.campaign == "nearby"}
    assert languages == {"en", "de"}


@pytest.mark.parametrize(
    ("text", "channel", "fault"),
    [
        (
            "{{ profile.shoe_size }}",
            "email",
            "profile.shoe_size is undefined (if it is a trait of yours, ask for it: {% if",
        ),
        ("{% if %}", "email", "missing expression"),
        ("{{ offer.code }}", "email", "offer.code is undefined"),
        ("long " * 200, "sms", "7 segments of a text message; `sms_segments` allows 3"),
        ("{{ url | no_such_filter }}", "push", "unknown filter 'no_such_filter'"),
    ],
)
def test_a_template_that_gives_no_message_says_why(tmp_path, text, channel, fault):
    """What is missing, wrong, or too long, in one line."""
    found = made(tmp_path, text, channel=channel)
    assert fault in found[0].fault
    assert "\n" not in found[0].fault


@pytest.mark.parametrize(
    ("text", "on", "needs"),
    [
        ("{{ profile.first_name }}", "cart_abandoned", "profile.first_name is undefined"),
        ("{{ store.name }}", "cart_abandoned", ""),
        ("{{ recommendations[0].name }}", "order_completed", "index out of range"),
        ("{{ products[0].name }}", "lapsed, after: 90d", ""),
        ("{{ trigger.price }}", "price_dropped", ""),
        ("{{ trigger.price }}", "back_in_stock", "trigger.price is undefined"),
        ("{{ trigger.order_id }}", "order_completed", ""),
    ],
)
def test_what_a_template_needs_of_a_customer_is_told(tmp_path, text, on, needs):
    """A message that only some can get is shown, with what the others lack; one that nobody can get is a fault."""
    found = made(tmp_path, text, on=on)
    if found[0].fault:
        assert (text, needs) in (("{{ store.name }}", ""), ("{{ products[0].name }}", ""))
    else:
        assert needs in found[0].needs
        assert bool(needs) == bool(found[0].needs)


def test_a_trait_that_the_step_asks_for_is_there(tmp_path):
    """A shop's own trait, in the `if` of the step: who has it gets the message, and nobody else is meant to."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.liquid").write_text("{{ profile.vip }} {{ profile.firstName }}", encoding="utf-8")
    step = "{id: s, channel: push, template: t, if: profile.vip and cart.value > 3}"
    file = tmp_path / "campaigns.yaml"
    file.write_text(f"campaigns: [{{id: a, trigger: {{on: cart_abandoned}}, steps: [{step}]}}]", encoding="utf-8")
    [found] = samples(load(file))
    assert (found.body, found.fault) == ("vip Ana", "")
    assert found.needs.startswith("profile.firstName is undefined")


def test_segments_of_a_text_message(tmp_path):
    """Counted as the networks do."""
    assert [s.segments for s in made(tmp_path, "x" * 161, channel="sms")] == [2, 2, 2]
