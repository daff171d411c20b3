"""What orders come to in the views: corrected, in their own currency, and once each, whoever tells of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from schemas.record import Record
from schemas.times import iso
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

pytest.importorskip("chdb")

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B = make.hexed("A"), make.hexed("B")
M1 = make.hexed("m1")
NOON, HOUR, DAY = make.NOON, make.HOUR, make.DAY


def change(profile: str, order: str, kind: str, value: float, later: int = HOUR, **more: Any) -> Record:
    """What has changed of an order, some time after noon."""
    return make.conversion(
        profile, order, value,
        **{"kind": kind, "orders": 0, "changed_at": iso(NOON + later), **more},
    )  # fmt: skip


def of(rows: Rows, names: str, view: str) -> list[tuple[Any, ...]]:
    """Some columns of a view."""
    return rows(f"SELECT {names} FROM {view}")  # noqa: S608 - both are written here


def test_corrections_are_in_every_view(client: Any, rows: Rows) -> None:
    """An order of 100 that is set to 60, of which 10 is paid back: 50 in channels, campaigns, attribution, recovery."""
    recovered = {"campaign_id": "abandoned-cart", "step": "reminder", "message_id": M1}
    load(client, [
        make.transition(A, "c1", "none>open", NOON - HOUR), make.transition(A, "c1", "open>abandoned", NOON - 1, no=1),
        make.message(A, M1), make.conversion(A, "o1", 100, message_id=M1),
        change(A, "o1", "update", -40, recovered=recovered),
        change(A, "o1", "refund", -10, DAY, refunds=10, at=NOON + DAY, recovered=recovered),
    ])  # fmt: skip
    assert rows(
        "SELECT conversions, revenue, refunds, net_revenue, currency FROM v_channel_kpis WHERE channel = 'web'"
    ) == [(1, 60, 10, 50, "EUR")]
    assert of(rows, "conversions, revenue, currency", "v_campaign_kpis WHERE sent > 0") == [(1, 50, "EUR")]
    assert of(rows, "recovered, recovered_value, currency", "v_recovery") == [(1, 50, "EUR")]
    assert of(rows, "model, channel, conversions, revenue", "v_attribution") == [
        ("first", "email", 1.0, 50), ("last", "web", 1.0, 50),
    ]  # fmt: skip


def test_nothing_is_left_of_a_cancelled_order(client: Any, rows: Rows) -> None:
    """No conversion and no money, in any view."""
    recovered = {"campaign_id": "abandoned-cart", "step": "reminder", "message_id": M1}
    load(client, [
        make.message(A, M1), make.conversion(A, "o1", 30, message_id=M1),
        change(A, "o1", "cancellation", -30, orders=-1, recovered=recovered),
    ])  # fmt: skip
    assert of(rows, "conversions, revenue, net_revenue", "v_channel_kpis WHERE channel = 'web'") == [(0, 0, 0)]
    assert of(rows, "conversions, revenue", "v_campaign_kpis WHERE sent > 0") == [(0, 0)]
    assert of(rows, "*", "v_attribution") == []


def test_currencies_are_never_added(client: Any, rows: Rows) -> None:
    """A row for each currency; what is no money is in each of them."""
    load(client, [
        make.event(A, "Product Viewed", NOON), make.event(B, "Product Viewed", NOON), make.message(A, M1),
        make.conversion(A, "o1", 30, message_id=M1), make.conversion(A, "o2", 40, currency="USD"),
        make.conversion(B, "o3", 5, currency=None), make.conversion(B, "o4", 7, currency="USD"),
        make.event(A, "Ad Spend Recorded", NOON, cost=2, currency="usd"),
    ])  # fmt: skip
    assert of(rows, "events, reach, conversions, revenue, cost, currency", "v_channel_kpis WHERE channel = 'web'") == [
        (3, 2, 1, 5, 0, ""), (3, 2, 1, 30, 0, "EUR"), (3, 2, 2, 47, 2, "USD"),
    ]  # fmt: skip
    assert of(rows, "revenue, currency", "v_attribution WHERE model = 'last'") == [(5, ""), (30, "EUR"), (47, "USD")]
    assert of(rows, "conversions, revenue, currency", "v_campaign_kpis WHERE sent > 0") == [(1, 30, "EUR")]


def test_carts_of_two_currencies_have_rows_of_their_own(client: Any, rows: Rows) -> None:
    """In the funnel and in what comes back; an order in a third currency is in a row of that one."""
    for n, currency in enumerate(("EUR", "USD")):
        load(client, [
            make.transition(A, f"c{n}", "none>open", NOON, value=10, currency=currency),
            make.transition(A, f"c{n}", "open>abandoned", NOON + HOUR, value=10, currency=currency, no=1),
            make.message(A, make.hexed(f"m{n}"), cart=f"c{n}"),
        ])  # fmt: skip
    load(client, [make.conversion(A, "o1", 8, message_id=make.hexed("m0"), currency="CHF")])
    assert of(rows, "carts, share, value, currency", "v_cart_funnel WHERE step = 'abandoned'") == [
        (1, 1.0, 10, "EUR"), (1, 1.0, 10, "USD"),
    ]  # fmt: skip
    names = "abandoned, abandoned_value, messaged, recovered, recovered_value, currency"
    assert of(rows, names, "v_recovery") == [
        (0, 0, 0, 1, 8, "CHF"), (1, 10, 1, 0, 0, "EUR"), (1, 10, 1, 0, 0, "USD"),
    ]  # fmt: skip


def test_a_cart_of_mixed_currencies_counts_and_adds_no_money(client: Any, rows: Rows) -> None:
    """Its value is NULL, also where it was known once; the views count the cart, with nothing for its value."""
    load(client, [
        make.transition(A, "mixed", "none>open", NOON, value=10),
        make.transition(A, "mixed", "open>abandoned", NOON + HOUR, value=None, no=1),
    ])  # fmt: skip
    assert of(rows, "to_state, value", "cart_transitions ORDER BY at") == [("open", 10), ("abandoned", None)]
    assert of(rows, "cart_id, value, currency", "carts") == [("mixed", None, "EUR")]
    funnel, back = "carts, value", "abandoned, abandoned_value, currency"
    assert of(rows, funnel, "v_cart_funnel WHERE step = 'abandoned'") == [(1, 0)]
    assert of(rows, back, "v_recovery") == [(1, 0, "EUR")]
    load(client, [
        make.transition(B, "plain", "none>open", NOON, value=7),
        make.transition(B, "plain", "open>abandoned", NOON + HOUR, value=7, no=1),
    ])  # fmt: skip
    assert of(rows, funnel, "v_cart_funnel WHERE step = 'abandoned'") == [(2, 7)]
    assert of(rows, back, "v_recovery") == [(2, 7, "EUR")]


def test_an_emptied_cart_keeps_the_value_it_had(client: Any, rows: Rows) -> None:
    """Lines in several currencies, and then none: not known, as before it was emptied."""
    load(client, [
        make.transition(A, "c1", "none>open", NOON, value=None),
        make.transition(A, "c1", "open>emptied", NOON + HOUR),
    ])  # fmt: skip
    assert of(rows, "fate, value", "carts") == [("emptied", None)]


@pytest.mark.parametrize("first", [A, B])
def test_an_order_under_two_profiles_is_one_sale(client: Any, rows: Rows, first: str) -> None:
    """It is the sale of the profile that it counts for, whoever told of it first."""
    load(client, [
        make.conversion(A, "o1", 50, at=NOON if first == A else NOON + HOUR),
        make.conversion(B, "o1", 50, at=NOON if first == B else NOON + HOUR, counts=False),
    ])  # fmt: skip
    assert of(rows, "profile_id, sum(orders), sum(value)", "current_conversions GROUP BY 1") == [(A, 1, Decimal(50))]
    assert of(rows, "conversions, revenue", "v_channel_kpis") == [(1, 50)]


@pytest.mark.parametrize("first", [A, B])
def test_the_sale_is_that_of_who_is_known_best(client: Any, rows: Rows, first: str) -> None:
    """A has logged in, B has told an e-mail address: whichever comes first, the sale is A's."""
    load(client, [
        make.conversion(A, "o1", 50, at=NOON if first == A else NOON + HOUR),
        make.conversion(B, "o1", 50, at=NOON if first == B else NOON + HOUR),
        make.assignment(make.hexed("anna"), "user_id", A), make.assignment(make.hexed("b@x"), "email", B),
    ])  # fmt: skip
    assert of(rows, "current_id, sum(orders), sum(value)", "current_conversions GROUP BY 1") == [(A, 1, Decimal(50))]


def test_the_sale_of_somebody_erased_is_still_one(client: Any, rows: Rows) -> None:
    """The other profile's row stands where the one that counted is gone, and nothing of its being reassigned."""
    load(client, [
        make.conversion(B, "o1", 50),
        change(B, "o1", "reassigned", -50, orders=-1),
        change(B, "o1", "refund", -20, 2 * HOUR, counts=False, refunds=20),
    ])  # fmt: skip
    assert of(rows, "sum(orders), sum(value)", "current_conversions") == [(1, Decimal(30))]


def test_a_refund_of_an_unknown_order_counts_where_it_is_told(client: Any, rows: Rows) -> None:
    """Nobody is credited with it."""
    load(client, [change(A, "o9", "refund", -5, refunds=5, channel="callcenter", credits={}, credited={})])
    assert of(rows, "channel, conversions, revenue, refunds, net_revenue", "v_channel_kpis") == [
        ("callcenter", 0, 0, 5, -5)
    ]
    assert of(rows, "*", "v_attribution") == []


def test_a_refund_stays_counted_where_it_was_told(client: Any, rows: Rows) -> None:
    """B was paid back before the sale became A's: the order comes to what A paid, less that."""
    load(client, [
        make.conversion(B, "o1", 50), change(B, "o1", "refund", -20, HOUR, refunds=20),
        change(B, "o1", "reassigned", -50, 2 * HOUR, orders=-1),
        make.conversion(A, "o1", 50), change(A, "o1", "refund", -5, DAY, refunds=5),
        change(B, "o1", "refund", -5, DAY, refunds=5, counts=False),
    ])  # fmt: skip
    assert of(rows, "sum(orders), sum(value), sum(refunds)", "current_conversions") == [(1, Decimal(25), Decimal(25))]


def test_what_is_told_of_an_order_after_a_merge_counts(client: Any, rows: Rows) -> None:
    """B bought and was merged into A; what A then says of the order is of the same sale: set to 30, cancelled, paid."""
    told = [
        make.conversion(B, "o1", 50), make.merge(B, A, NOON + HOUR), change(A, "o1", "update", -20, 2 * HOUR),
        change(A, "o1", "cancellation", -30, 3 * HOUR, orders=-1), change(A, "o1", "order", 35, 4 * HOUR, orders=1),
    ]  # fmt: skip
    for known, orders, value in ((2, 1, 50), (3, 1, 30), (4, 0, 0), (5, 1, 35)):
        load(client, told[:known])
        assert of(rows, "current_id, sum(orders), sum(value)", "current_conversions GROUP BY 1") == [(A, orders, value)]
        assert of(rows, "conversions, revenue", "v_channel_kpis WHERE channel = 'web'") == [(orders, value)]


def test_a_sale_that_was_taken_and_cancelled_is_none(client: Any, rows: Rows) -> None:
    """B's order became A's, who cancelled it: nothing is left, although B told of it first."""
    load(client, [
        make.conversion(B, "o1", 50), change(B, "o1", "reassigned", -50, HOUR, orders=-1),
        make.conversion(A, "o1", 50, at=NOON + 1), change(A, "o1", "cancellation", -50, DAY, orders=-1, at=NOON + 1),
    ])  # fmt: skip
    assert of(rows, "sum(orders), sum(value)", "current_conversions") == [(0, 0)]
