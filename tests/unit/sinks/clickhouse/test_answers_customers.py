"""Customers, journeys, channels by revenue: each number of their views beside one that plain Python makes of topics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest

from schemas.record import Record
from sinks.clickhouse.export import over
from sinks.clickhouse.load import load
from tests.answers import customers, journeys
from tests.answers.people import Topics
from tests.support import sink_rows as make
from tests.support.shop_topics import shop_topics
from tests.support.view_rows import rows_of, same

A, B, C, D, E = (make.hexed(name) for name in "ABCDE")
NOON, DAY = make.NOON, make.DAY
TODAY = (date(2026, 11, 21), date(2026, 11, 21))


def topics_of(records: Sequence[Record]) -> Topics:
    """The values of records by topic."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record.topic, []).append(orjson.loads(record.value or b"{}"))
    return found


def agree(client: Any, topics: Topics, first: date, last: date) -> dict[str, int]:
    """Assert that every view of this page says what the topics say, over these days. Returns rows by view."""
    days = first.isoformat(), last.isoformat()
    news = customers.new_returning(topics, first, last, daily=False)
    news_daily = customers.new_returning(topics, *customers.EVER, daily=True)
    paths = journeys.journeys(topics, first, last, daily=False)
    paths_daily = journeys.journeys(topics, *customers.EVER, daily=True)
    pareto = journeys.pareto(topics, first, last)
    return {
        "new": same(client, over("v_new_returning", *days), news, ["customer_type", "currency"]),
        "new_daily": same(client, "v_new_returning_daily", news_daily, ["day", "customer_type", "currency"]),
        "rfm": same(client, over("v_rfm", *days), customers.rfm(topics, first, last), ["profile_id", "currency"]),
        "retention": same(client, "v_cohort_retention", customers.retention(topics), ["period", "cohort", "age"]),
        "value": same(
            client, "v_lifetime_value", customers.lifetime_value(topics), ["cohort", "age_months", "currency"]
        ),
        "journeys": same(client, over("v_journeys", *days), paths, ["path", "currency"]),
        "journeys_daily": same(client, "v_journeys_daily", paths_daily, ["day", "path", "currency"]),
        "pareto": same(client, over("v_pareto", *days), pareto, ["channel", "currency"]),
    }


def touched(*channels: str) -> list[dict[str, Any]]:
    """Touches on these channels."""
    return [{"channel": one, "at": "2026-11-20T12:00:00.000Z"} for one in channels]


def order(profile: str, number: str, value: float, days: float = 0, **more: Any) -> Record:
    """An order so many days after noon, credited to its channel."""
    at = NOON + int(days * DAY)
    channel = more.pop("channel", "web")
    touches = touched(*more.pop("touches", ()))
    credited = {"last_non_direct": {more.pop("credit", channel): value}}
    more = {"touch_count": len(touches), "orders": 1, "kind": "order", "counts": True, **more}
    return make.conversion(profile, number, value, at=at, channel=channel, touches=touches, credited=credited, **more)


def change(profile: str, number: str, kind: str, value: float, days: float, later: int, **more: Any) -> Record:
    """A change of an order, told `later` milliseconds after the time it counts at."""
    at = NOON + int(days * DAY)
    more = {"kind": kind, "orders": -1 if kind == "cancellation" else 0, "counts": True, "touches": [], **more}
    credited = {"last_non_direct": {more.get("channel", "web"): value}}
    changed = {"changed_at": f"2026-12-24T12:00:00.{later:03d}Z", "credited": credited}
    return make.conversion(profile, number, value, at=at, **changed, **more)


def test_the_simulated_shop(shop: Any) -> None:
    """Every number of these views over the shop's three days, and over its second day alone."""
    topics = shop_topics()
    counted = agree(shop, topics, *customers.EVER)
    assert min(counted.values()) > 1
    agree(shop, topics, date(2026, 1, 6), date(2026, 1, 6))


HISTORY = [
    # A and B are one customer since; her first order was cancelled, her second is her first one that stands.
    order(A, "o1", 10, -40), change(A, "o1", "cancellation", -10, -40, 1),
    order(A, "o2", 20, -35, touches=["email", "email", "web"]), order(B, "o3", 30, 0, touches=["ads", "direct"]),
    make.merge(B, A),
    # C pays in two currencies, and gets all of one order back in the next month.
    order(C, "o4", 40, -21, currency="USD"), order(C, "o5", 50, 0),
    change(C, "o4", "refund", -40, 0, 1, currency="USD"),
    # D: a renewal; the money of a payment that failed and was made again; a refund told at another profile.
    order(D, "o6", 5, -35, kind="renewal"), order(D, "o7", 60, -3), change(D, "o7", "cancellation", -60, -3, 2),
    order(D, "o7", 60, -2, message_id=None, changed_at="2026-12-25T12:00:00.000Z", touches=["sms"]),
    change(E, "o7", "refund", -15, 0, 3),
    # E: an order that another profile has, and a refund of an order that nobody told of.
    order(E, "o8", 1000, 0, counts=False), order(A, "o8", 1, 0, channel="store", touches=["store"]),
    change(E, "o9", "refund", -7, 0, 4, credits={}),
    make.event(A, "Product Viewed", NOON + 2 * DAY),
]  # fmt: skip


def test_a_history_that_can_be_counted_by_hand(client: Any) -> None:
    """Merges, cancellations, refunds, two currencies, renewals: as plain Python says it, and as a hand counts it."""
    load(client, HISTORY)
    topics = topics_of(HISTORY)
    agree(client, topics, *customers.EVER)
    agree(client, topics, *TODAY)
    news = {
        (row["customer_type"], row["currency"]): row
        for row in rows_of(client, over("v_new_returning", *map(str, TODAY)))
    }
    assert {key: (row["customers"], row["orders"], row["revenue"]) for key, row in news.items()} == {
        ("new", "USD"): (0, 0, Decimal(-40)), ("returning", "EUR"): (2, 3, Decimal(30 + 50 - 15 + 1 - 7)),
    }  # fmt: skip
    paths = rows_of(client, over("v_journeys", "1970-01-01", "2100-01-01"))
    assert {(row["path"], row["currency"]): row["orders"] for row in paths} == {
        ("email > web", "EUR"): 1, ("ads > direct", "EUR"): 1, ("direct", "EUR"): 1, ("direct", "USD"): 1,
        ("sms", "EUR"): 1, ("store", "EUR"): 1,
    }  # fmt: skip
    months = rows_of(client, "v_cohort_retention WHERE period = 'month'")
    assert [(str(row["cohort"]), row["age"], row["customers"], row["ordered"], row["complete"]) for row in months] == [
        ("2026-10-01", 0, 3, 3, 1), ("2026-10-01", 1, 3, 3, 0),
    ]  # fmt: skip
    value = {
        (r["currency"], r["age_months"]): (r["customers"], r["revenue_to_date"])
        for r in rows_of(client, "v_lifetime_value")
    }
    assert value == {
        ("EUR", 0): (3, Decimal(25)), ("EUR", 1): (3, Decimal(25 + 30 + 50 + 45 + 1)),
        ("USD", 0): (1, Decimal(40)), ("USD", 1): (1, Decimal(0)),
    }  # fmt: skip


def test_equal_values_have_equal_scores(client: Any) -> None:
    """RFM's rule for ties: the latest day is 5 and the least of orders and money is 1, however many share them."""
    people = [make.hexed(f"p{number}") for number in range(10)]
    history = [order(one, f"o{one}", 10, -5 if number < 4 else 0) for number, one in enumerate(people)]
    history += [order(people[9], "again", 10, 0)]
    load(client, [*history, make.event(A, "Product Viewed", NOON + 3 * DAY)])
    agree(client, topics_of([*history, make.event(A, "Product Viewed", NOON + 3 * DAY)]), *customers.EVER)
    rows = {row["profile_id"]: row for row in rows_of(client, over("v_rfm", "2026-11-01", "2026-11-22"))}
    assert [(rows[one]["r"], rows[one]["f"], rows[one]["m"]) for one in people] == [
        *[(2, 1, 1)] * 4, *[(5, 1, 1)] * 5, (5, 5, 5),
    ]  # fmt: skip
    assert {rows[one]["recency_days"] for one in people} == {1, 6}
    assert {rows[one]["segment"] for one in people} == {"Hibernating", "New Customers", "Champions"}


def test_one_customer_is_recent(client: Any) -> None:
    """The only customer of a shop is a new one, not one that is lost."""
    load(client, [order(A, "o1", 10)])
    assert [row["segment"] for row in rows_of(client, over("v_rfm", "1970-01-01", "2149-06-06"))] == ["New Customers"]


@pytest.mark.parametrize(
    "read",
    [
        "v_new_returning_daily", "v_cohort_retention", "v_lifetime_value", "v_journeys_daily",
        over("v_new_returning", *map(str, TODAY)), over("v_rfm", *map(str, TODAY)),
        over("v_journeys", *map(str, TODAY)), over("v_pareto", *map(str, TODAY)),
    ],
)  # fmt: skip
def test_nothing_to_tell(client: Any, read: str) -> None:
    """An empty database gives no rows and no error."""
    assert rows_of(client, read) == []


def test_shares_of_a_channel_that_paid_back(client: Any) -> None:
    """A channel that paid back more than came in has no share; shares of the others add up to 1; ties go by name."""
    history = [
        order(A, "o1", 10, -9, channel="store"), order(B, "o2", 30, credit="ads"), order(C, "o3", 30, channel="app"),
        change(A, "o1", "refund", -4, 0, 1, channel="store"),
    ]  # fmt: skip
    load(client, history)
    rows = rows_of(client, over("v_pareto", *map(str, TODAY)))
    assert [(row["channel"], row["position"], row["share"], row["cumulative_share"]) for row in rows] == [
        ("app", 1, 0.5, 0.5), ("web", 2, 0.5, 1.0), ("ads", 3, 0.0, 1.0), ("store", 4, 0.0, 1.0),
    ]  # fmt: skip
    credited = sorted(rows, key=lambda row: row["credited_position"])
    assert [(row["channel"], row["credited_share"]) for row in credited] == [
        ("ads", 0.5), ("app", 0.5), ("web", 0.0), ("store", 0.0),
    ]  # fmt: skip
