"""Touches, spending, credits and budgets of histories that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.settings import Settings
from sinks.clickhouse.attribution import Asked, Found, journeys
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
HASHER = Hasher(Settings().secret.get_secret_value())
A, B, C, D = (make.hexed(name) for name in "ABCD")
NOON, HOUR, DAY = make.NOON, make.HOUR, make.DAY
NOVEMBER = "(from = '2026-11-01', to = '2026-11-30')"
ASKED = Asked(date(2026, 11, 1), date(2026, 11, 30), "UTC", 30, own_touches=True)


def order(profile: str, order_id: str, value: float, *channels: str, **more: Any) -> Record:
    """An order after touches an hour apart, credited by `last` and `linear` where that is exact."""
    n, at = len(channels), more.get("at", NOON)
    touches = [
        {"channel": channel, "at": make.iso(at - (n - i) * HOUR), "source": None, "medium": None, "campaign": None}
        for i, channel in enumerate(channels)
    ]
    linear = {channel: channels.count(channel) / n for channel in channels}
    given = {
        "touches": touches, "credits": {"last": {channels[-1]: 1}, "linear": linear},
        "credited": {"last": {channels[-1]: value}, "linear": {c: value * part for c, part in linear.items()}},
    }  # fmt: skip
    return make.conversion(profile, order_id, value, **{**given, **more})


def test_a_touch_is_one_however_often_it_is_told(client: Any, rows: Rows) -> None:
    """A click and its page under a profile that merged in between, a repeat of both, and one of somebody else."""
    told = [
        make.touching(A, NOON, "email", touch_id="t1"),
        make.touching(B, NOON + 60_000, "email", touch_id="t1", opened=NOON, change=1, source="news"),
        make.touching(C, NOON, "ads", touch_id="t1", campaign="spring"),
        make.merge(A, B),
    ]
    load(client, told)
    load(client, told[:2])
    assert rows("SELECT current_id, channel, source, campaign FROM current_touches ORDER BY channel") == [
        (C, "ads", "", "spring"), (B, "email", "news", ""),
    ]  # fmt: skip
    assert rows("SELECT count() FROM touches FINAL") == [(3,)]


def test_a_split_takes_its_touches_along(client: Any, rows: Rows) -> None:
    """Those of events whose identifier was cut off, up to the split; a merge after it takes both on."""
    head = HASHER("email", f"{A}@example.com")
    load(client, [
        make.touching(A, NOON, "email", touch_id="before"), make.touching(A, NOON + 2 * DAY, "ads", touch_id="after"),
        make.touching(B, NOON, "social", touch_id="merged"), make.merge(B, A, NOON, version=1),
        make.split(A, D, [head], NOON + DAY, version=2),
    ])  # fmt: skip
    assert dict(rows("SELECT touch_id, current_id FROM current_touches")) == {"before": D, "after": A, "merged": A}
    load(client, [make.merge(D, C, NOON + 3 * DAY, version=3)])
    assert dict(rows("SELECT touch_id, current_id FROM current_touches")) == {"before": C, "after": A, "merged": A}


def test_spending_is_counted_once(client: Any, rows: Rows) -> None:
    """The same event twice, once more under the profile it merged into, and another one."""
    spent = make.event(A, "Ad Spend Recorded", message_id="m1", cost=12.5, currency="eur", campaign_id="spring")
    again = make.event(B, "Ad Spend Recorded", message_id="m1", cost=12.5, currency="eur", campaign_id="spring")
    load(client, [spent, again, make.merge(A, B)])
    load(client, [spent, make.event(A, "Ad Spend Recorded", NOON + DAY, cost="3", source="google", channel="ads")])
    assert rows("SELECT day, channel, source, campaign_id, cost, currency FROM current_spend ORDER BY day") == [
        (date(2026, 11, 21), "web", "", "spring", Decimal("12.5"), "EUR"),
        (date(2026, 11, 22), "ads", "google", "", Decimal(3), ""),
    ]


def test_credits_by_currency_and_day(client: Any, rows: Rows) -> None:
    """Two currencies side by side; a refund on its own day; a cancellation leaves nothing."""
    load(client, [
        order(A, "o1", 30, "ads", "email"), order(B, "o2", 10, "email", currency="USD"),
        order(C, "o3", 7, "ads"),
        order(C, "o3", -7, "ads", kind="cancellation", orders=-1, changed_at=make.iso(NOON + HOUR)),
        order(
            A, "o1", -8, "ads", "email", kind="refund", orders=0, refunds=8, at=NOON + 15 * DAY,
            changed_at=make.iso(NOON + 15 * DAY),
        ),
    ])  # fmt: skip
    read = "SELECT model, channel, conversions, revenue, currency FROM v_attribution"
    assert rows(read + NOVEMBER) == [
        ("last", "email", 1, 30, "EUR"), ("last", "email", 1, 10, "USD"), ("linear", "ads", Decimal("0.5"), 15, "EUR"),
        ("linear", "email", Decimal("0.5"), 15, "EUR"), ("linear", "email", 1, 10, "USD"),
    ]  # fmt: skip
    assert rows(f"{read}(from = '2026-12-01', to = '2026-12-31')") == [
        ("last", "email", 0, -8, "EUR"), ("linear", "ads", 0, -4, "EUR"), ("linear", "email", 0, -4, "EUR"),
    ]  # fmt: skip
    how = f"SELECT DISTINCT computed_by, computed_at, lookback_days FROM v_attribution{NOVEMBER}"  # noqa: S608
    assert rows(how) == [("stream", None, None)]


def test_a_budget(client: Any, rows: Rows) -> None:
    """Cost beside what the touches of the campaign are credited with; no rates for what no campaign brought.

    Of a campaign whose name no visit carries nobody knows what it returned; of one without orders it is nothing.
    """
    of_spring = {"campaign_credits": {"last": {"spring": 1}}, "campaign_credited": {"last": {"spring": 30}}}
    load(client, [
        make.event(D, "Ad Spend Recorded", NOON, cost=10, currency="EUR", campaign_id="spring"),
        make.event(D, "Ad Spend Recorded", NOON + 1, cost=4, currency="EUR", campaign_id="autumn"),
        make.event(D, "Ad Spend Recorded", NOON + 2, cost=1, currency="EUR"),
        make.event(D, "Ad Spend Recorded", NOON + 3, cost=6, currency="EUR", campaign_id="é" * 120),
        make.touching(D, NOON, "ads", campaign="autumn"),
        order(A, "o1", 30, "ads", **of_spring), order(B, "o2", 5, "direct"),
        order(C, "o3", 9, "ads", currency="USD", **of_spring),
    ])  # fmt: skip
    read = "SELECT campaign, cost, conversions, revenue, roas, cpa, currency FROM v_budget"
    assert rows(f"{read}{NOVEMBER} WHERE model = 'last'") == [
        ("", 1, 1, 5, None, None, "EUR"),
        ("autumn", 4, 0, 0, 0.0, None, "EUR"),
        ("spring", 10, 1, 30, 3.0, 10.0, "EUR"),
        ("spring", 0, 1, 30, None, None, "USD"),
        ("é" * 100, 6, 0, 0, None, None, "EUR"),
    ]
    assert rows(f"{read}{NOVEMBER} WHERE model = 'position' AND cost > 0 ORDER BY ALL") == [
        ("", 1, 0, 0, None, None, "EUR"), ("autumn", 4, 0, 0, 0.0, None, "EUR"),
        ("spring", 10, 0, 0, None, None, "EUR"), ("é" * 100, 6, 0, 0, None, None, "EUR"),
    ]  # fmt: skip
    assert rows("SELECT count() FROM v_budget(from = '2026-12-01', to = '2026-12-31')") == [(0,)]


def test_journeys_of_a_month(client: Any) -> None:
    """Orders over their touches; who bought nothing over the last 30 days of theirs; a merge makes one of two."""
    load(client, [
        order(A, "o1", 30, "ads", "email"), make.touching(A, NOON + HOUR, "social", touch_id="after"),
        make.touching(B, NOON - 40 * DAY, "tv", touch_id="long ago"),
        make.touching(B, NOON - 9 * DAY, "ads", touch_id="one"), make.touching(C, NOON, "email", touch_id="two"),
        make.merge(B, C),
        order(D, "o2", 7, "direct"),
        order(D, "o2", -7, "direct", kind="cancellation", orders=-1, changed_at=make.iso(NOON + 1)),
        make.touching(D, NOON, "direct", touch_id="three"),
        order(D, "o3", 4, "ads", at=NOON - 90 * DAY),
        order(D, "o3", -1, "ads", kind="refund", orders=0, refunds=1, changed_at=make.iso(NOON)),
    ])  # fmt: skip
    bought = Found(("ads", "email"), (NOON - 2 * HOUR, NOON - HOUR), NOON, "EUR", 1, 30_000_000)
    paid_back = Found(("ads",), (NOON - 91 * DAY + 23 * HOUR,), NOON - 90 * DAY, "EUR", 0, -1_000_000)
    none = [Found(("ads", "email"), customers=1), Found(("direct",), customers=1)]
    assert sorted(journeys(client, ASKED)) == sorted([bought, paid_back, *none])
    shorter = journeys(client, ASKED._replace(lookback_days=5))
    assert sorted(one.channels for one in shorter if not one.at) == [("direct",), ("email",)]


def test_journeys_with_a_lookback_of_their_own(client: Any) -> None:
    """Touches of the customer, not those that the order carries; without any it is direct."""
    load(client, [
        order(A, "o1", 30, "ads"), order(B, "o2", 5, "email"),
        make.touching(A, NOON - 40 * DAY, "social", touch_id="one"),
        make.touching(A, NOON - HOUR, "ads", touch_id="two"),
        make.touching(A, NOON + HOUR, "sms", touch_id="later"),
    ])  # fmt: skip
    wider = ASKED._replace(lookback_days=60, own_touches=False)
    assert [one.channels for one in sorted(journeys(client, wider))] == [("direct",), ("social", "ads")]
    assert [one.channels for one in sorted(journeys(client, wider._replace(lookback_days=7)))] == [
        ("ads",),
        ("direct",),
    ]


def test_nothing_has_happened(client: Any, rows: Rows) -> None:
    """No rows, and no error."""
    assert journeys(client, ASKED) == journeys(client, ASKED._replace(own_touches=False)) == []
    assert all(rows(f"SELECT * FROM {view}{NOVEMBER}") == [] for view in ("v_attribution", "v_budget"))  # noqa: S608


def test_whose_day_it_is(client: Any) -> None:
    """An order at eleven in the evening of 30 November in Berlin's zone is of December in Auckland's."""
    load(client, [order(A, "o1", 30, "ads", at=NOON + 9 * DAY + 10 * HOUR)])
    assert [one.orders for one in journeys(client, ASKED._replace(timezone="Europe/Berlin"))] == [1]
    assert journeys(client, ASKED._replace(timezone="Pacific/Auckland")) == []
