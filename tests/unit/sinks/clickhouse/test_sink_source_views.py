"""Sources and devices on histories that can be counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import orjson
import pytest

from schemas import topics
from schemas.record import Record
from schemas.settings import Settings
from schemas.times import iso
from sinks.clickhouse.load import load
from sinks.clickhouse.migrate import migrate
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C = (make.hexed(name) for name in "ABC")
NOON, DAY = make.NOON, make.DAY
COLUMNS = "source, medium, campaign, referrer, visitors, carts, orders, revenue, currency"


def visit(who: str, at: int, *, referrer: str = "", agent: str = "", channel: str = "web", **campaign: str) -> Record:
    """A page, come to from somewhere."""
    page = {"url": "https://www.shop.example/p", "referrer": referrer}
    value = make.event_value(who, "Lamp", at, channel) | {"type": "page", "message_id": f"{who}{at}{agent}"}
    return make.record(
        topics.STITCHED_EVENTS, value | {"context": {"page": page, "campaign": campaign, "userAgent": agent}}
    )


@pytest.mark.parametrize(
    ("referrer", "host"),
    [
        ("https://www.blog.example.org/a", "blog.example.org"), ("https://checkout.shop.example/", ""),
        ("https://www.paypal.com/pay", ""), ("https://3ds.bank.example.net/", ""), ("nothing", ""),
    ],
)  # fmt: skip
def test_referrers(client: Any, rows: Rows, referrer: str, host: str) -> None:
    """The host a visit came from; nobody comes from the shop itself, a payment or a bank's check."""
    load(client, [visit(A, NOON, referrer=referrer)])
    assert rows("SELECT referrer, visitors FROM v_sources") == [(host, 1)]


def test_hosts_that_a_shop_adds_are_no_referrers(client: Any, rows: Rows) -> None:
    """WINBACK_NO_REFERRERS holds for what has been told before as well."""
    load(client, [visit(A, NOON, referrer="https://pay.partner.example.org/x")])
    assert rows("SELECT referrer FROM v_sources") == [("pay.partner.example.org",)]
    try:
        migrate(client, Settings(no_referrers="partner.example.org,it's no host"))
        assert rows("SELECT referrer FROM v_sources") == [("",)]
    finally:
        migrate(client)


def cancelled(who: str, order: str, value: float, at: int) -> Record:
    """An order that was taken back later: on its own day."""
    return make.conversion(who, order, -value, at=at, kind="cancellation", orders=-1, changed_at=iso(at + DAY))


def test_what_came_of_a_source(client: Any, rows: Rows) -> None:
    """Carts and orders are of the last source before them, of 30 days at most, a currency a row."""
    load(client, [
        visit(A, NOON, source="google", medium="cpc", name="brand"), visit(A, NOON + 1),
        make.transition(A, "c1", "none>open", NOON + 2), visit(B, NOON, source="(direct)", medium="(none)"),
        visit(C, NOON, source="news", medium="email"), visit(C, NOON + 5, agent="A bot", source="x"),
        make.conversion(A, "o1", 30, at=NOON + DAY, channel="store"),
        make.conversion(A, "o2", 8, at=NOON + DAY, currency="USD"), make.conversion(C, "o3", 5, at=NOON + 31 * DAY),
        make.conversion(B, "o4", 2, at=NOON + 5), cancelled(B, "o4", 2, NOON + 5),
        visit(A, NOON + 2 * DAY, source="other"),
        make.conversion(A, "o1", -10, at=NOON + 3 * DAY, kind="refund", orders=0, refunds=10),
    ])  # fmt: skip
    assert sorted(rows(f"SELECT {COLUMNS} FROM v_sources")) == [  # noqa: S608
        ("", "", "", "", 1, 0, 1, 5, "EUR"), ("google", "cpc", "brand", "", 1, 1, 1, 8, "USD"),
        ("google", "cpc", "brand", "", 1, 1, 1, 20, "EUR"), ("news", "email", "", "", 1, 0, 0, 0, ""),
        ("other", "", "", "", 1, 0, 0, 0, ""),
    ]  # fmt: skip
    assert rows("SELECT source, revenue FROM v_sources_daily WHERE day = '2026-11-24'") == [("google", -10)]
    assert rows("SELECT orders FROM v_sources(from = '2026-12-22', to = '2026-12-22')") == [(1,)]
    load(client, [make.merge(B, A)])
    assert rows("SELECT visitors FROM v_sources WHERE source = '' AND referrer = ''") == [(0,)]


@pytest.mark.parametrize(
    ("context", "device"),
    [
        ({"userAgent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Mobile Safari"}, "mobile"),
        (
            {"userAgent": "Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 Chrome/130 Safari/537.36"},
            "tablet",
        ),
        ({"userAgent": "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605 Mobile/15E148"}, "tablet"),
        ({"userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148"}, "mobile"),
        ({"userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130 Safari/537.36"}, "desktop"),
        ({"userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605"}, "desktop"),
        ({"userAgent": "Mozilla/5.0 (X11; CrOS x86_64 14541) Chrome/130"}, "desktop"),
        ({"userAgent": "Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) Version/7.0 TV Safari/537.36"}, "tv"),
        ({"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "machine"),
        ({"userAgent": "Mozilla/5.0 (Linux; Android 9; CUBOT X19) Mobile Safari/537.36"}, "mobile"),
        ({"device": {"type": "ios", "model": "iPhone16,1"}}, "mobile"),
        ({"device": {"type": "ios", "model": "iPad14,3"}}, "tablet"),
        ({"device": {"type": "Android"}, "os": {"name": "Android"}}, "mobile"),
        ({"os": {"name": "macOS"}}, "desktop"),
        ({"device": {"type": "tv"}}, "tv"),
        ({}, "unknown"),
    ],
)
def test_devices(client: Any, rows: Rows, context: dict[str, Any], device: str) -> None:
    """The kind of device is read of what the event says of device, system and user agent."""
    load(
        client, [make.record(topics.STITCHED_EVENTS, make.event_value(A, "Product Added", NOON) | {"context": context})]
    )
    assert rows("SELECT device, hour, activity, customers FROM v_devices_hours") == [(device, 12, 1, 1)]


def test_what_happens_on_devices(client: Any, rows: Rows) -> None:
    """Activity in the shop, engagement with messages, orders that stand, by the device that placed them."""
    phone = {"context": {"userAgent": "iPhone Mobile"}}

    def by(value: dict[str, Any]) -> Record:
        return make.record(topics.STITCHED_EVENTS, value | phone)

    def told(order: str, message_id: str, at: int) -> Record:
        value = orjson.loads(make.conversion(A, order, 5, at=at).value)
        return make.record(topics.CONVERSIONS, value | {"message_id": message_id})

    order = make.event_value(A, "Order Completed", NOON + 1, message_id="e1", properties={"order_id": "o1"})
    gone = make.event_value(A, "Order Completed", NOON + 2, message_id="e2", properties={"order_id": "o2"})
    load(client, [
        by(order), by(gone), by(make.event_value(A, "Email Opened", NOON + 3, "email", properties={"message_id": "m"})),
        by(make.event_value(A, "Product Viewed", NOON)), visit(B, NOON, agent="A bot"),
        told("o1", "e1", NOON + 1), make.conversion(B, "o3", 5, at=NOON + make.HOUR),
        told("o2", "e2", NOON + 2), cancelled(A, "o2", 5, NOON + 2),
    ])  # fmt: skip
    names = "device, hour, activity, engagement, orders, customers"
    assert rows(f"SELECT {names} FROM v_devices_hours") == [  # noqa: S608
        ("mobile", 12, 1, 1, 1, 1), ("unknown", 13, 0, 0, 1, 0),
    ]  # fmt: skip
    hours = rows("SELECT day, device, orders FROM v_devices_hours_daily WHERE hour = 13")
    assert hours == [(date(2026, 11, 21), "unknown", 1)]
