"""The example of deploy/examples: one campaign of every trigger, in two languages."""

from __future__ import annotations

from pathlib import Path

import pytest

import deploy
from streams.campaigns import load
from streams.core.campaigns import TRIGGERS
from streams.core.render import Renderer

EXAMPLE = Path(deploy.__file__).parent / "examples" / "campaigns" / "campaigns.yaml"


def test_every_trigger_has_a_campaign_in_the_example():
    """All types of triggers, every channel, an offer, conditions, priorities, topics."""
    campaigns = load(EXAMPLE)
    assert set(campaigns.by_trigger) == set(TRIGGERS)
    steps = [step for campaign in campaigns.file.campaigns for step in campaign.steps]
    assert {channel for step in steps for channel in step.candidates} == {"email", "sms", "push", "ads", "broadcast"}
    assert any(step.condition for step in steps)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_example_is_written_in_two_languages(language):
    """Each template is there in both, and is Liquid."""
    campaigns = load(EXAMPLE)
    named = {(step.template, c) for x in campaigns.file.campaigns for step in x.steps for c in step.candidates}
    assert {(name, channel) for of, name, channel in campaigns.templates if of == language} == named
    assert Renderer(campaigns).errors == {}
