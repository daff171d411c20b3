"""The series of a campaign in Prometheus begin at 0 when it begins to decide."""

from __future__ import annotations

from streams.campaigns import load
from streams.core.campaigns.series import DECIDED, series
from tests.support.campaigning import campaign, campaigns_of, step
from tests.support.journeys import Table

FAILED = ("winback_decisions_total", "abandoned-cart", "suppressed", "invalid_template")


def test_series_are_there_at_0_from_the_start():
    """A partition that has just been loaded shows each outcome of each campaign, and no campaign that there is not."""
    counts = Table().journey.counts
    assert counts[FAILED] == 0
    assert FAILED in counts
    assert set(series(load(None))) <= counts.keys()
    assert ("winback_messages_total", "abandoned-cart", "email") in counts
    assert {key[1] for key in counts if key[0] == "winback_triggers_total"} == set(load(None).by_id)


def test_series_of_other_campaigns_begin_with_them():
    """Campaigns that a partition begins with, in place of those of the settings, are shown too."""
    table = Table()
    table.journey.begin_with(campaigns_of([campaign("new", "cart_abandoned", step("s", "5m"))]))
    assert ("winback_decisions_total", "new", "suppressed", "no_consent") in table.journey.counts


def test_each_outcome_belongs_to_a_reason():
    """An outcome and its reason are listed once, and sent and held out have none."""
    assert len(set(DECIDED)) == len(DECIDED)
    assert {outcome for outcome, reason in DECIDED if not reason} == {"sent", "held_out"}
