"""How much a template may do: what goes beyond makes no message, and takes no time."""

from __future__ import annotations

import time

import pytest

from streams.core.campaigns import CampaignFile, Campaigns
from streams.core.messaging.render import Renderer

DOUBLED = "{% assign a = 'xxxxxxxx' %}" + "{% assign a = a | append: a %}" * 60
SQUARED = "{% assign a = 9999999999 %}" + "{% assign a = a | times: a %}" * 60 + "{{ a }}"


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in (1..1000) %}{% for b in (1..1000) %}{{ b }}{% endfor %}{% endfor %}",
        "{% for a in (1..100000000) %}{% endfor %}",
        "{% tablerow a in (1..100000000) %}{% endtablerow %}",
        "{{ (1..100000000) | join: ' ' }}",
        "{{ value | replace: 'x', value | replace: 'x', value }}",
        "{{ value | split: '' | join: value }}",
        "{{ 1 | round: 999999999 }}",
        "{{ 1 | date: '%999999999d' | size }}{{ missing }}",
        "{% for a in (1..9999) %}{{ value }}{% endfor %}",
        "{% for a in (1..500) %}{{ value }}{% endfor %}",
        DOUBLED,
        SQUARED,
    ],
)
@pytest.mark.parametrize("channel", ["email", "push"])
def test_a_template_that_wants_too_much_makes_no_message(text, channel):
    """Loops, texts and numbers are bounded."""
    renderer = Renderer(Campaigns(CampaignFile(), {("", "t", channel): text}))
    began = time.perf_counter()
    assert renderer.render("t", channel, {"value": "x" * 2_000}) is None
    assert time.perf_counter() - began < 5


def test_values_are_cut():
    """A name of a million letters is not somebody's; a list of a million things is not shown."""
    renderer = Renderer(Campaigns(CampaignFile(), {("", "t", "push"): "{{ p.name | size }} {{ p.many | size }}"}))
    made = renderer.render("t", "push", {"p": {"name": "x" * 1_000_000, "many": [0] * 1_000_000}})
    assert made is not None
    assert made.body == "2000 1000"
