"""Channels, campaigns, mailboxes and consent on histories that can be counted by hand: what goes wrong easily."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas import topics
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import iso
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C, D = (make.hexed(name) for name in "ABCD")
NOON, HOUR, DAY = make.NOON, make.HOUR, make.DAY
M1, M2, M3 = "1" * 48, "2" * 48, "3" * 48


def credited(profile: str, order: str, value: float, to: str, **more: Any) -> Record:
    """An order, or a change of one, that last_non_direct credits to a channel."""
    shares = {"credits": {"last_non_direct": {to: 1}}, "credited": {"last_non_direct": {to: value}}}
    return make.conversion(profile, order, value, **shares, **more)


def test_adverts_earn_what_is_credited_to_them(client: Any, rows: Rows) -> None:
    """Roas and cpa are of credited orders, net of refunds, a currency a row; what is placed elsewhere stays there."""
    load(client, [
        make.event(A, "Ad Spend Recorded", NOON, channel="ads", cost=10, currency="eur", campaign_id="x"),
        make.event(A, "Ad Spend Recorded", NOON + 1, channel="ads", cost=5, currency="USD", campaign_id="x"),
        credited(A, "o1", 40, "ads"), credited(B, "o2", 7, "direct", currency="USD"),
        credited(A, "o1", -10, "ads", kind="refund", orders=0, refunds=10, at=NOON + DAY),
    ])  # fmt: skip
    names = "channel, conversions, cost, attributed_conversions, attributed_revenue, cpa, roas, currency"
    assert rows(f"SELECT {names} FROM v_channel_kpis") == [  # noqa: S608
        ("ads", 0, 10, 1.0, 30, 10.0, 3.0, "EUR"), ("ads", 0, 5, 0.0, 0, None, 0.0, "USD"),
        ("direct", 0, 0, 1.0, 7, 0.0, None, "USD"), ("web", 1, 0, 0.0, 0, None, None, "EUR"),
        ("web", 1, 0, 0.0, 0, None, None, "USD"),
    ]  # fmt: skip
    money = rows(
        "SELECT day, revenue, refunds, net_revenue FROM v_channel_daily WHERE currency = 'EUR' AND channel = 'web'"
    )
    first, second = date(2026, 11, 21), date(2026, 11, 22)
    assert money == [(first, 40, 0, 40), (second, 0, 10, -10)]
    assert rows("SELECT attributed_revenue FROM v_channel_kpis(from = '2026-11-21', to = '2026-11-21')")[0] == (40,)


def test_no_rate_exceeds_one(client: Any, rows: Rows) -> None:
    """Many orders of one customer, opens and clicks of which no delivery was told, clicks on adverts nobody saw."""
    orders = [
        record
        for at in range(5)
        for record in (
            make.event(A, "Order Completed", NOON + at, message_id=f"e{at}", order_id=f"o{at}"),
            make.conversion(A, f"o{at}", 1, at=NOON + at),
        )
    ]
    load(client, [
        *orders, make.event(B, "Product Viewed"), make.message(A, M1), make.message(B, M2),
        make.feedback(A, "Email Opened", M1), make.feedback(A, "Email Link Clicked", M1),
        make.feedback(B, "Email Bounced", M2),
        make.event(A, "Ad Clicked", channel="ads"), make.event(A, "Ad Clicked", NOON + 1, channel="ads"),
        make.event(A, "Ad Impression", channel="ads"), make.feedback(A, "Email Marked as Spam", M1),
    ])  # fmt: skip
    assert rows("SELECT conversions, buyers, conversion_rate FROM v_channel_kpis WHERE channel = 'web'") == [
        (5, 1, 0.5)
    ]
    told = "delivered, opens, clicks, open_rate, ctr"
    assert rows(f"SELECT {told} FROM v_channel_kpis WHERE channel = 'email'") == [(1, 1, 1, 1.0, 1.0)]  # noqa: S608
    assert rows("SELECT impressions, clicks, ctr FROM v_channel_kpis WHERE channel = 'ads'") == [(1, 2, None)]
    more = "delivered, bounces, bounce_rate, unsubscribes, unsubscribe_rate, complaints"
    assert rows(f"SELECT {more} FROM v_campaign_kpis") == [(1, 1, 0.5, 1, 1.0, 1)]  # noqa: S608
    assert rows(f"SELECT domain, messages, {more} FROM v_deliverability") == [("example.com", 2, 1, 1, 0.5, 1, 1.0, 1)]  # noqa: S608


def test_feedback_that_names_a_campaign_alone(client: Any, rows: Rows) -> None:
    """Each delivery begins a message; what follows is of it; without any, a day's feedback is of one message."""

    def told(name: str, at: int, who: str = A) -> Record:
        return make.event(
            who, name, at, channel="email", campaign_id="news", identifiers=[{"type": "email", "value": "a@b.example"}]
        )

    load(client, [
        told("Email Delivered", NOON), told("Email Opened", NOON + DAY), told("Email Opened", NOON + DAY + 1),
        told("Email Delivered", NOON + 2 * DAY), told("Email Link Clicked", NOON + 3 * DAY),
        told("Email Opened", NOON, B), told("Email Opened", NOON + 1, B), told("Email Opened", NOON + DAY, B),
        make.event(A, "Unsubscribed", NOON, channel="email"), make.merge(C, A),
    ])  # fmt: skip
    names = "toDayOfMonth(day), delivered, opens, clicks"
    assert rows(f"SELECT {names} FROM v_channel_daily WHERE delivered > 0") == [  # noqa: S608
        (21, 2, 2, 0),
        (22, 1, 1, 0),
        (23, 1, 0, 1),
    ]
    assert rows("SELECT domain, messages, sent, opens, clicks FROM v_deliverability") == [("b.example", 4, 0, 3, 1)]


def test_a_message_counts_on_the_day_it_was_sent(client: Any, rows: Rows) -> None:
    """Opens of the next day, and orders of the next week, stand beside the message that they are of."""

    def bought(order: str, value: float, **more: Any) -> Record:
        return make.conversion(A, order, value, at=NOON + 6 * DAY, message_id=M1, **more)

    load(client, [
        make.message(A, M1), make.message(B, M2, at=NOON + DAY), make.decision(A, "d1", "sent", message_id=M1),
        make.feedback(A, "Email Opened", M1, NOON + DAY), bought("o1", 30), bought("o2", 9, currency="USD"),
        bought("o1", -30, kind="cancellation", orders=-1, changed_at=iso(NOON + 7 * DAY)),
    ])  # fmt: skip
    names = "toDayOfMonth(day), sent, opens, conversions, converted, conversion_rate, revenue, customers, currency"
    assert rows(f"SELECT {names} FROM v_campaign_daily") == [  # noqa: S608
        (21, 1, 1, 1, 1, 1.0, 9, 1, "USD"), (22, 1, 0, 0, 0, 0.0, 0, 1, ""),
    ]  # fmt: skip
    assert rows("SELECT sent, customers FROM v_campaign_kpis(from = '2026-11-21', to = '2026-11-22')") == [(2, 2)]
    load(client, [make.merge(A, B)])
    assert rows("SELECT sent, customers FROM v_campaign_kpis(from = '2026-11-21', to = '2026-11-22')") == [(2, 1)]


def moved(record: Record, at: int, to: int) -> bytes:
    """The value of a record with another time in it."""
    return (record.value or b"").replace(iso(at).encode(), iso(to).encode())


@pytest.mark.slow
def test_days_are_those_of_the_shop(client: Any, rows: Rows) -> None:
    """An evening in UTC is the next day in Tokyo, in every view with days; hours are Tokyo's."""
    late = NOON + 8 * HOUR
    decided = make.decision(A, "d1", "sent")
    load(client, [
        make.event(A, "Product Viewed", late), make.message(A, M1, at=late), make.conversion(A, "o1", 5, at=late),
        make.transition(A, "c1", "none>open", late), make.merge(B, C, late),
        make.event(A, "Unsubscribed", late, channel="email"), decided._replace(value=moved(decided, NOON, late)),
        make.message(B, M2, at=late, offer={"code": "X", "discount": "1"}),
    ])  # fmt: skip
    try:
        migrate(client, Settings(timezone="Asia/Tokyo"))
        for view in DAILY:
            assert {row[0] for row in rows(f"SELECT day FROM {view}")} == {date(2026, 11, 22)}, view  # noqa: S608
        assert rows("SELECT day FROM v_offers") == [(date(2026, 11, 22),)]
        assert {row[0] for row in rows("SELECT hour FROM v_devices_hours")} == {5}
        assert rows("SELECT events FROM v_channel_kpis(from = '2026-11-21', to = '2026-11-21')") == []
    finally:
        migrate(client)


def said(who: str, at: int, *, channel: str = "email", **properties: Any) -> Record:
    """A Subscription Changed."""
    return make.event(who, "Subscription Changed", at, channel=channel, **properties)


def test_a_no_names_the_last_message_before_it(client: Any, rows: Rows) -> None:
    """The campaign is that of the last message to the customer on that channel; words that repeat do not count."""
    other = make.message(B, M3, at=NOON + HOUR)
    other = other._replace(value=(other.value or b"").replace(b"abandoned-cart", b"win-back"))
    load(client, [
        make.message(A, M1), other, make.message(A, M2, channel="sms", at=NOON + 2 * HOUR), make.merge(B, A),
        said(A, NOON - 1, subscribed=True), make.event(A, "Unsubscribed", NOON + 3 * HOUR, channel="email"),
        said(B, NOON + 4 * HOUR, subscribed=False),
        make.event(A, "Email Marked as Spam", NOON + 5 * HOUR, channel="email"),
        make.event(A, "Unsubscribed", NOON + 6 * HOUR, channel="email"),
        said(A, NOON + 3 * HOUR, channel="web", subscribed=False, topic="offers"),
        make.event(C, "Unsubscribed", NOON, channel="email"), said(C, NOON + DAY, subscribed="yes"),
    ])  # fmt: skip
    names = "channel, topic, campaign_id, withdrawals, complaints, grants, customers"
    assert sorted(rows(f"SELECT {names} FROM v_consent")) == [  # noqa: S608
        ("*", "offers", "abandoned-cart", 1, 0, 0, 1), ("email", "", "", 1, 0, 2, 1),
        ("email", "", "win-back", 1, 1, 0, 1),
    ]  # fmt: skip
    daily = rows("SELECT sum(grants) FROM v_consent_daily WHERE day = '2026-11-22'")
    assert daily == [(1,)]


def test_a_no_in_traits_is_one(client: Any, rows: Rows) -> None:
    """Traits that say no do so once, for each channel that they name or mean; a group's are the company's."""
    plain = make.event_value(A, "", NOON) | {"type": "identify", "traits": {"email_subscribed": False}}
    again = plain | {"message_id": "again", "event_time": "2026-11-23T00:00:00.000Z"}
    group = plain | {"type": "group", "profile_id": B, "message_id": "group"}
    load(client, [make.record(topics.STITCHED_EVENTS, value) for value in (plain, again, group)])
    assert rows("SELECT channel, withdrawals, customers FROM v_consent") == [("email", 1, 1)]


DAILY = [
    "v_channel_daily", "v_campaign_daily", "v_cart_funnel_daily", "v_match_rate_daily", "v_event_names_daily",
    "v_reach_engagement_daily", "v_devices_hours_daily", "v_sources_daily", "v_deliverability_daily",
    "v_consent_daily", "v_identity_health_daily", "v_decisions",
]  # fmt: skip
OURS = [
    "v_channel_kpis", "v_campaign_kpis", "v_cart_funnel", "v_match_rate", "v_event_names", "v_reach_engagement",
    "v_devices_hours", "v_sources", "v_deliverability", "v_consent", "v_offers",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("view", [*OURS, *DAILY])
def test_nothing_is_told_of_nothing(client: Any, rows: Rows, view: str) -> None:
    """An empty database has no rows and no error."""
    assert rows(f"SELECT * FROM {view}") == []  # noqa: S608


def test_split_off_events_leave_the_reach(client: Any, rows: Rows) -> None:
    """After a split each old event is of whom its identifier went to: two customers, one of them known."""
    one = [{"type": "user_id", "value": "u"}]
    other = [{"type": "anonymous_id", "value": "x"}]
    load(
        client,
        [
            make.event(A, "Product Viewed", NOON, identifiers=one),
            make.event(A, "Cart Viewed", NOON + 1, identifiers=other),
        ],
    )
    assert rows("SELECT reach FROM v_channel_kpis") == [(1,)]
    ((hashed,),) = rows("SELECT head FROM events WHERE head_type = 'anonymous_id'")
    load(client, [make.split(A, D, [hashed], NOON + HOUR)])
    assert rows("SELECT reach, buyers FROM v_channel_kpis") == [(2, 0)]
    assert rows("SELECT events, known_events, customers, known_customers FROM v_match_rate") == [(2, 1, 2, 1)]
    assert isinstance(rows("SELECT cost FROM v_channel_kpis")[0][0], Decimal)


@pytest.mark.slow
def test_written_twice_changes_nothing(client: Any, rows: Rows) -> None:
    """Whatever is inserted again, in other pieces and after merges of parts, is still there once, in every view."""
    records = [
        make.message(A, M1), make.decision(A, "d1", "sent", message_id=M1), make.feedback(A, "Email Opened", M1),
        make.event(A, "Email Delivered", channel="email", campaign_id="x"),
        make.event(B, "Order Completed", order_id="o1"),
        make.event(A, "Ad Spend Recorded", channel="ads", cost=3, currency="EUR"), credited(B, "o1", 9, "ads"),
        make.event(A, "Unsubscribed", channel="email"), make.transition(A, "c1", "none>open", NOON), make.merge(A, B),
    ]  # fmt: skip
    load(client, records)
    before = {view: sorted(rows(f"SELECT * FROM {view}"), key=repr) for view in [*OURS, *DAILY]}  # noqa: S608
    assert all(before[view] for view in before if view != "v_offers")
    load(client, records[::-1])
    load(client, records[::2])
    assert {view: sorted(rows(f"SELECT * FROM {view}"), key=repr) for view in [*OURS, *DAILY]} == before  # noqa: S608
