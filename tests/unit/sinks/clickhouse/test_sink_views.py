"""What the views say of small histories that can be counted by hand, also when everything was written twice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from schemas.record import Record
from schemas.times import iso
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C, D = (make.hexed(name) for name in "ABCD")
NOON, MINUTE, HOUR = make.NOON, make.MINUTE, make.HOUR


def corrected(profile: str, order: str, value: float, **more: Any) -> Record:
    """What has changed of an order."""
    return make.conversion(
        profile, order, value, **{"kind": "refund", "orders": 0, "changed_at": iso(NOON + 4), **more}
    )


def shop() -> list[Record]:
    """Two customers and an advert: A shops on the web, is written to and buys; B returns something; C saw an advert."""
    return [
        make.event(A, "Product Viewed", NOON),
        make.event(A, "Product Added", NOON + 1),
        make.event(A, "Order Completed", NOON + 2, revenue=30, order_id="o1"),
        make.event(B, "Product Viewed", NOON + 3),
        make.event(B, "Order Refunded", NOON + 4, revenue="4.50", order_id="o2"),
        make.event(A, "Email Delivered", NOON + 5, channel="email", campaign_id="x"),
        make.feedback(A, "Email Opened", "m1", NOON + 6),
        make.feedback(A, "Email Opened", "m1", NOON + 7),
        make.feedback(A, "Email Delivered", "m1", NOON + 8),
        make.feedback(A, "Email Link Clicked", "m1", NOON + 9),
        make.event(C, "Ad Impression", NOON + 10, channel="ads"),
        make.event(C, "Ad Clicked", NOON + 11, channel="ads"),
        make.event(C, "Ad Spend Recorded", NOON + 12, channel="ads", cost=12.5, campaign_id="spring"),
        make.event(D, "Spot Aired", NOON + 13, channel="broadcast", identifiers=[]),
        make.event(C, "Post Liked", NOON + 14, channel="social"),
        make.event(C, "Post Liked", NOON + 15, channel="social"),
        make.message(A, "m1"),
        make.decision(A, "d1", "deferred", reason="quiet_hours"),
        make.decision(A, "d2", "sent"),
        make.decision(B, "d3", "held_out", variant=None),
        make.decision(B, "d4", "suppressed", reason="no_consent", step="second"),
        make.conversion(A, "o1", 30, message_id="m1"),
        make.conversion(B, "o0", 20.25, channel="store"),
        corrected(B, "o2", -4.5, at=NOON + 4, refunds=4.5, credits={}, credited={}),
    ]


def of(rows: Rows, names: str, view: str) -> list[tuple[Any, ...]]:
    """Some columns of a view."""
    return rows(f"SELECT {names} FROM {view}")  # noqa: S608 - both are written here


VIEWS = ("v_channel_kpis", "v_cart_funnel", "v_campaign_kpis")


def test_channel_kpis(client: Any, rows: Rows) -> None:
    """Counts, rates and money of each channel; a rate without a denominator is NULL."""
    load(client, shop())
    names = "channel, events, reach, sends, delivered, opens, clicks, open_rate, ctr, conversions, conversion_rate"
    assert of(rows, names, "v_channel_kpis") == [
        ("ads", 3, 1, 0, 0, 0, 1, None, 1.0, 0, 0.0),
        ("broadcast", 1, 0, 0, 0, 0, 0, None, None, 0, None),
        ("email", 5, 1, 1, 2, 1, 1, 0.5, 0.5, 0, 0.0),
        ("social", 2, 1, 0, 0, 0, 0, None, None, 0, 0.0),
        ("store", 0, 0, 0, 0, 0, 0, None, None, 1, None),
        ("web", 5, 2, 0, 0, 0, 0, None, None, 1, 0.5),
    ]
    money = rows(
        "SELECT channel, cost, cpa, revenue, roas, refunds, net_revenue FROM v_channel_kpis WHERE cost + revenue > 0"
    )
    assert money == [
        ("ads", Decimal("12.5"), None, 0, 0.0, 0, 0),
        ("store", 0, None, Decimal("20.25"), None, 0, Decimal("20.25")),
        ("web", 0, None, 30, None, Decimal("4.5"), Decimal("25.5")),
    ]
    assert rows("SELECT likes, views, shares, comments, impressions FROM v_channel_kpis WHERE channel = 'social'") == [
        (2, 0, 0, 0, 0)
    ]


def test_channel_kpis_columns(rows: Rows) -> None:
    """The contract's columns come first, in its order."""
    contract = (
        "channel, events, reach, sends, delivered, opens, clicks, open_rate, ctr, conversions, conversion_rate, "
        "cost, cpa, revenue, roas, views, likes, shares, comments, refunds, net_revenue"
    )
    found = [row[0] for row in rows("DESCRIBE TABLE (SELECT * FROM v_channel_kpis)")]
    assert ", ".join(found).startswith(contract)


def test_campaign_kpis(client: Any, rows: Rows) -> None:
    """Decisions, feedback of the messages sent and the orders credited to them, by campaign, step and variant."""
    load(client, shop())
    names = (
        "step, variant, triggered, sent, held_out, suppressed, deferred, delivered, opens, clicks, conversions, revenue"
    )
    assert of(rows, names, "v_campaign_kpis") == [
        ("reminder", "", 1, 0, 1, 0, 0, 0, 0, 0, 0, 0),
        ("reminder", "plain", 1, 1, 0, 0, 1, 1, 1, 1, 1, 30),
        ("second", "plain", 1, 0, 0, 1, 0, 0, 0, 0, 0, 0),
    ]
    assert rows("SELECT open_rate, ctr, conversion_rate, revenue_per_message FROM v_campaign_kpis WHERE sent > 0") == [
        (1.0, 1.0, 1.0, 30.0)
    ]


@pytest.mark.parametrize("parts", [1, 5])
def test_written_twice_changes_no_number(client: Any, rows: Rows, parts: int) -> None:
    """Any batch may be inserted again, whole or in other pieces: no view changes, whatever has been merged by then."""
    records = [*shop(), *carts(), make.merge(C, A, NOON + HOUR)]
    load(client, records)
    before = {view: of(rows, "*", view) for view in VIEWS}
    for part in range(parts):
        load(client, records[part::parts])
    assert {view: of(rows, "*", view) for view in VIEWS} == before
    for table in ("events", "cart_transitions", "decisions"):
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    assert {view: of(rows, "*", view) for view in VIEWS} == before


def test_merged_profiles_are_one_customer(client: Any, rows: Rows) -> None:
    """Reach counts a chain of merged profiles once, whatever order its merges came in; refused links join nobody."""
    load(client, [make.event(who, "Product Viewed", NOON) for who in (A, B, C, D)])
    assert rows("SELECT events, reach FROM v_channel_kpis") == [(4, 4)]
    load(client, [make.merge(B, C, NOON + 2, version=2), make.merge(C, D, NOON + 2, version=7, refused="user_limit")])
    assert rows("SELECT events, reach FROM v_channel_kpis") == [(4, 3)]
    load(client, [make.merge(A, B, NOON + 1, version=1)])
    assert rows("SELECT events, reach FROM v_channel_kpis") == [(4, 2)]
    assert rows("SELECT current_id, count() FROM current_events GROUP BY current_id ORDER BY 2") == [(D, 1), (C, 3)]


def test_a_long_chain_of_merges_is_followed_to_its_end(client: Any, rows: Rows) -> None:
    """199 merges one into the next, written in any order, end in the last profile."""
    chain = [make.hexed(at) for at in range(200)]
    merges = [make.merge(chain[at], chain[at + 1], NOON + at, version=at + 1) for at in range(199)]
    load(client, merges[::2] + merges[1::2])
    assert rows("SELECT count(), uniqExact(current_id), any(current_id) FROM current_profiles") == [
        (199, 1, chain[199])
    ]


def test_an_import_run_again_after_a_merge_counts_once(client: Any, rows: Rows) -> None:
    """An event or order that comes in again under the profile it belongs to by now is still one event, one order."""
    load(
        client, [make.event(A, "Order Completed", NOON, message_id="import-1", revenue=9), make.conversion(A, "o1", 9)]
    )
    load(client, [make.merge(A, B)])
    load(
        client, [make.event(B, "Order Completed", NOON, message_id="import-1", revenue=9), make.conversion(B, "o1", 9)]
    )
    assert rows("SELECT events, reach, conversions, revenue FROM v_channel_kpis") == [(1, 1, 1, 9)]


def test_a_message_id_used_again_a_day_later_is_another_event(client: Any, rows: Rows) -> None:
    """A messageId deduplicates for 24 hours only; the same one much later is an event of its own."""
    load(client, [make.event(A, "Product Viewed", NOON + days * make.DAY, message_id="m") for days in (0, 2)])
    assert rows("SELECT events FROM v_channel_kpis") == [(2,)]


def carts() -> list[Record]:
    """Six carts, one for each way to end, and one still open."""
    return [
        make.transition(A, "c1", "none>open", NOON, value=10),
        make.transition(A, "c1", "open>abandoned", NOON + 30 * MINUTE, value=20, no=1),
        make.transition(A, "c1", "abandoned>open", NOON + 40 * MINUTE, value=20, no=1, reason="reopened"),
        make.transition(A, "c1", "open>abandoned", NOON + 70 * MINUTE, value=25, no=2, stage="checkout"),
        make.transition(A, "c1", "abandoned>converted", NOON + 80 * MINUTE, value=25, no=2, stage="checkout"),
        make.transition(B, "c2", "none>open", NOON, value=5),
        make.transition(B, "c2", "open>converted", NOON, value=5),
        make.transition(B, "c3", "none>open", NOON + HOUR, value=7),
        make.transition(B, "c3", "open>emptied", NOON + HOUR, value=0),
        make.transition(B, "c4", "none>open", NOON + 2 * HOUR, value=8),
        make.transition(B, "c4", "open>abandoned", NOON + 3 * HOUR, value=8, no=1),
        make.transition(B, "c4", "abandoned>expired", NOON + 31 * make.DAY, value=8, no=1),
        make.transition(C, "c5", "none>open", NOON, value=1),
        make.transition(C, "c5", "open>abandoned", NOON + HOUR, value=1, no=1),
        make.transition(D, "c6", "none>open", NOON, value=2),
    ]


def test_cart_funnel(client: Any, rows: Rows) -> None:
    """Carts by how far they got and where they ended; the ends add up to all carts."""
    load(client, carts())
    assert rows("SELECT step, carts, times, value FROM v_cart_funnel") == [
        ("opened", 6, 6, 48),
        ("checkout started", 1, 1, 25),
        ("abandoned", 3, 4, 34),
        ("reopened", 1, 1, 25),
        ("converted after abandonment", 1, 1, 25),
        ("now open", 1, 1, 2),
        ("now abandoned", 1, 1, 1),
        ("ended converted", 2, 2, 30),
        ("ended emptied", 1, 1, 7),
        ("ended expired", 1, 1, 8),
        ("ended merged", 0, 0, 0),
    ]
    assert rows("SELECT sum(share) FROM v_cart_funnel WHERE position > 5") == [(pytest.approx(1.0),)]


@pytest.mark.parametrize(
    ("history", "fates"),
    [
        # A's cart goes into B's, which is bought later.
        ([("A", "c1", 0, None), ("B", "c2", 1, 9), ("A>B", 5)], {"c1": "merged", "c2": "converted"}),
        # The purchase itself joined the two.
        ([("A", "c1", 0, None), ("B", "c2", 1, 5), ("A>B", 5)], {"c1": "merged", "c2": "converted"}),
        # B had no cart any more: A's lives on.
        ([("A", "c1", 0, None), ("B", "c2", 1, 3), ("A>B", 5)], {"c1": "open", "c2": "converted"}),
        # B's cart was opened later, when A's was its own: that cannot be, but another profile of B's had one.
        ([("A", "c1", 0, None), ("C", "c3", 2, None), ("A>B", 5), ("C>B", 6)], {"c1": "open", "c3": "merged"}),
        # Two steps: A's cart moves to B, and there meets C's, which stays.
        ([("A", "c1", 0, None), ("C", "c3", 2, None), ("A>B", 5), ("B>C", 6)], {"c1": "merged", "c3": "open"}),
        # A refused link changes nothing.
        ([("A", "c1", 0, None), ("B", "c2", 1, None), ("A!B", 5)], {"c1": "open", "c2": "open"}),
    ],
)
def test_carts_that_became_one(client: Any, rows: Rows, history: list[Any], fates: dict[str, str]) -> None:
    """A cart is `merged` exactly when its profile went into one that had a cart at that moment."""
    profiles = {"A": A, "B": B, "C": C}
    for version, step in enumerate(history, 1):
        if len(step) == 2:
            (loser, sign, winner), at = step[0], NOON + step[1] * MINUTE
            refused = "user_limit" if sign == "!" else None
            load(client, [make.merge(profiles[loser], profiles[winner], at, version, refused)])
            continue
        who, cart, opened, ended = step
        load(client, [make.transition(profiles[who], cart, "none>open", NOON + opened * MINUTE)])
        if ended is not None:
            load(client, [make.transition(profiles[who], cart, "open>converted", NOON + ended * MINUTE)])
    assert dict(rows("SELECT cart_id, fate FROM carts")) == fates
