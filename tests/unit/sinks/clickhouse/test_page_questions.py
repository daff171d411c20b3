"""What the live page asks ClickHouse, over the simulated shop and over an empty database, against the output topics."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from deploy.page.clickhouse import ClickHouse
from deploy.page.questions import LATEST, QUESTIONS, period
from schemas.settings import Settings
from tests.support.shop_topics import shop_topics

DAYS = (date(2026, 1, 1), date(2026, 1, 30))


class Over(ClickHouse):
    """The page's questions through a client that is open already."""

    def __init__(self, client: Any) -> None:
        super().__init__(Settings())
        self._client = client

    def close(self) -> None:
        """The client stays open."""


def answers(client: Any) -> dict[str, Any]:
    """What each question is answered with."""
    database = Over(client)
    return {question.name: database.ask(question, DAYS) for question in QUESTIONS}


@pytest.fixture(scope="module")
def told(shop: Any) -> dict[str, Any]:
    """The answers over the simulated shop."""
    return answers(shop)


def test_the_days_are_those_with_events(shop: Any) -> None:
    """The shop's events are long ago: the totals are of the days up to the last of them."""
    first, last = Over(shop).days() or DAYS
    assert str(last) == max(row["event_time"] for row in shop_topics()["stitched.events"])[:10]
    assert (last - first).days == 29


def test_the_latest_decisions_are_the_latest(told: dict[str, Any]) -> None:
    """The newest decisions of the topic, each with its reason in words."""
    topic = {row["decision_id"]: row for row in shop_topics()["retargeting.decisions"]}
    newest = sorted((row["decided_at"] for row in topic.values()), reverse=True)[:LATEST]
    assert [row["at"] for row in told["decisions"]] == newest
    assert all(row["why"] and row["campaign"] and row["outcome"] for row in told["decisions"])


def test_carts_are_those_that_were_opened(told: dict[str, Any]) -> None:
    """As many as the topic has carts, and each stands somewhere: the fates add up to all of them."""
    carts = {row["cart_id"] for row in shop_topics()["cart.transitions"]}
    steps = {row["step"]: row["carts"] for row in told["carts"]}
    assert steps["opened"] == len(carts)
    assert sum(count for step, count in steps.items() if step.startswith(("now ", "ended "))) == len(carts)
    assert all(0 <= row["share"] <= 1 for row in told["carts"])


def test_messages_are_those_that_were_sent(told: dict[str, Any]) -> None:
    """By channel, as the topic has them; nobody opens more than were sent."""
    sent = Counter(
        row["channel"] for row in {m["message_id"]: m for m in shop_topics()["retargeting.messages"]}.values()
    )
    assert {row["channel"]: row["sent"] for row in told["messages"]} == dict(sent)
    assert all(row["opened"] <= row["delivered"] <= row["sent"] for row in told["messages"])


def test_campaigns_have_their_customers(told: dict[str, Any]) -> None:
    """A row for each campaign that has decided, with customers, a difference in its interval, a verdict."""
    decided = {row["campaign_id"] for row in shop_topics()["retargeting.decisions"]}
    assert {row["campaign"] for row in told["campaigns"]} == decided
    for row in told["campaigns"]:
        assert row["treatment"] + row["control"] > 0
        if row["low"] is not None:
            assert row["low"] <= row["difference"] <= row["high"]
        assert row["verdict"]


def test_an_empty_database_has_no_days(client: Any) -> None:
    """Without an event there is no period, and each question is answered with nothing all the same."""
    assert Over(client).days() is None
    assert all(answer == [] for answer in answers(client).values())


@pytest.mark.parametrize(("last", "today", "wanted"), [
    (date(1970, 1, 1), date(2026, 3, 1), None),
    (date(2026, 2, 27), date(2026, 3, 1), (date(2026, 1, 31), date(2026, 3, 1))),
    (date(2026, 3, 2), date(2026, 3, 1), (date(2026, 2, 1), date(2026, 3, 2))),
    (date(2025, 1, 31), date(2026, 3, 1), (date(2025, 1, 2), date(2025, 1, 31))),
])  # fmt: skip
def test_the_period_ends_today_or_with_the_last_event(
    last: date, today: date, wanted: tuple[date, date] | None
) -> None:
    """Thirty days up to today, or to the last event where that is in the future or long ago."""
    assert period(last, today) == wanted
