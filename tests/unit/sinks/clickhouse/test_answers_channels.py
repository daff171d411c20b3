"""The views of channels, campaigns, sources, devices and consent, against plain Python over the simulated shop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from sinks.clickhouse.export import over
from tests.answers.channels.campaigns import campaigns, decisions
from tests.answers.channels.carts import funnel
from tests.answers.channels.comparing import differences, rows_of
from tests.answers.channels.consent import consent
from tests.answers.channels.devices import event_names, hours, matches, stitching
from tests.answers.channels.history import History
from tests.answers.channels.kpis import channels, engagement
from tests.answers.channels.sources import mailboxes, sources
from tests.support.shop_topics import shop_topics

FIRST, LAST = date(2026, 1, 6), date(2026, 1, 7)
Answer = Callable[..., list[dict[str, Any]]]
PAIRS: dict[tuple[str, str, tuple[str, ...]], Answer] = {
    ("v_channel_kpis", "v_channel_daily", ("channel", "currency")): channels,
    ("v_campaign_kpis", "v_campaign_daily", ("campaign_id", "step", "variant", "currency")): campaigns,
    ("v_reach_engagement", "v_reach_engagement_daily", ("channel",)): engagement,
    ("v_cart_funnel", "v_cart_funnel_daily", ("step", "currency")): funnel,
    ("v_devices_hours", "v_devices_hours_daily", ("device", "hour")): hours,
    ("v_match_rate", "v_match_rate_daily", ("channel",)): matches,
    ("v_event_names", "v_event_names_daily", ("name", "original_name")): event_names,
    ("v_sources", "v_sources_daily", ("source", "medium", "campaign", "referrer", "currency")): sources,
    ("v_deliverability", "v_deliverability_daily", ("domain",)): mailboxes,
    ("v_consent", "v_consent_daily", ("channel", "topic", "campaign_id")): consent,
}
FACTS: dict[tuple[str, tuple[str, ...]], Answer] = {
    ("v_decisions", ("day", "campaign_id", "step", "arm", "outcome", "reason")): decisions,
    ("v_identity_health_daily", ("day", "measure", "label")): stitching,
}


@pytest.fixture(scope="module")
def history() -> History:
    """The topics of the shop."""
    return History(shop_topics())


@pytest.mark.parametrize(("names", "answer"), PAIRS.items(), ids=[names[0] for names in PAIRS])
def test_totals_and_days(shop: Any, history: History, names: tuple[str, str, tuple[str, ...]], answer: Answer) -> None:
    """Over some days, and day by day, each number is what the topics say; customers are not the sum of the days."""
    total, by_day, keys = names
    some = answer(history, lambda day: FIRST <= day <= LAST, daily=False)
    assert some
    assert differences(rows_of(shop, over(total, str(FIRST), str(LAST))), some, keys) == []
    daily = answer(history, lambda _: True, daily=True)
    assert differences(rows_of(shop, by_day), daily, ("day", *keys)) == []


@pytest.mark.parametrize(("names", "answer"), FACTS.items(), ids=[names[0] for names in FACTS])
def test_facts(shop: Any, history: History, names: tuple[str, tuple[str, ...]], answer: Answer) -> None:
    """Each row of a view without parameters is what the topics say."""
    view, keys = names
    wanted = answer(history)
    assert wanted
    assert differences(rows_of(shop, view), wanted, keys) == []
