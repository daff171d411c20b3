"""What came of messages: opens and clicks of people and of machines, pages that a message led to, offers redeemed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from schemas import topics
from schemas.record import Record
from schemas.times import iso
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C = (make.hexed(name) for name in "ABC")
M1, M2 = "1" * 48, "2" * 47 + "v"
NOON, DAY = make.NOON, make.DAY


def told(name: str, message_id: str, at: int, *, agent: str = "", **properties: Any) -> Record:
    """Feedback of a message, as a client of that user agent brings it about."""
    value = make.event_value(A, name, at, "email", properties={"message_id": message_id, **properties})
    return make.record(topics.STITCHED_EVENTS, value | {"context": {"userAgent": agent} if agent else {}})


def page(message_id: str, at: int, *, agent: str = "Mozilla/5.0 (X11)", where: str = "context") -> Record:
    """A page that a link of a message led to."""
    address = f"https://shop.example/p?a=1&wb_mid={message_id}"
    value = make.event_value(A, "Lamp", at, "web", properties={"url": address} if where == "properties" else {})
    context = {"userAgent": agent, "page": {"url": address} if where == "context" else {}}
    return make.record(topics.STITCHED_EVENTS, value | {"type": "page", "context": context})


@pytest.mark.parametrize(
    ("agent", "properties", "machine"),
    [
        ("Mozilla/5.0", {}, True),
        ("Mozilla/5.0 (X11; Linux)", {}, False),
        ("GoogleImageProxy bot", {}, True),
        ("", {"machine": True}, True),
        ("", {"user_agent": "Barracuda Sentinel"}, True),
        ("", {}, False),
    ],
)
def test_what_machines_open_is_told_apart(
    client: Any, rows: Rows, agent: str, properties: dict[str, Any], machine: bool
) -> None:
    """A machine's open counts as one of a machine and is in no rate."""
    load(client, [make.message(A, M1), told("Email Delivered", M1, NOON),
                  told("Email Opened", M1, NOON + 1, agent=agent, **properties)])  # fmt: skip
    found = rows("SELECT opens, open_rate, machine_opens FROM v_channel_kpis WHERE channel = 'email'")
    assert found == [(0, 0.0, 1) if machine else (1, 1.0, 0)]
    assert rows("SELECT opens FROM v_campaign_kpis") == [(0 if machine else 1,)]


@pytest.mark.parametrize("where", ["context", "properties"])
def test_a_page_that_a_message_led_to_is_a_click(client: Any, rows: Rows, where: str) -> None:
    """It counts once, on the message's channel, with or without the click that the channel tells of; bots do not."""
    load(client, [
        make.message(A, M1), make.message(A, M2, step="second"), page(M1, NOON, where=where),
        page(M1, NOON + 5, where=where), told("Email Link Clicked", M1, NOON + 1), page(M2, NOON + 9, agent="A bot"),
    ])  # fmt: skip
    assert rows("SELECT channel, clicks FROM v_channel_kpis ORDER BY channel") == [("email", 1), ("web", 0)]
    assert rows("SELECT step, clicks FROM v_campaign_kpis ORDER BY step") == [("reminder", 1), ("second", 0)]
    led = rows("SELECT clicked_message, count() FROM events GROUP BY ALL HAVING clicked_message != '' ORDER BY 1")
    assert led == [(M1, 2), (M2, 1)]


def test_a_message_that_was_taken_back_is_still_one_case(client: Any, rows: Rows) -> None:
    """The later row about it counts as retracted, and neither as another case nor as cancelled."""
    load(client, [
        make.message(A, M1), make.decision(A, "d1", "sent", message_id=M1),
        make.decision(A, "d2", "cancelled", reason="converted", message_id=M1),
        make.decision(B, "d3", "cancelled", reason="exited"), told("Email Bounced", M1, NOON),
    ])  # fmt: skip
    names = "triggered, sent, cancelled, retracted, bounces, bounce_rate"
    assert rows(f"SELECT {names} FROM v_campaign_kpis") == [(2, 1, 1, 1, 1, 1.0)]  # noqa: S608


def offer(code: str, days: int) -> dict[str, str]:
    """What a message carries, valid for so many days from noon."""
    return {"code": code, "discount": "10%", "expires_at": iso(NOON + days * DAY)}


def order(profile: str, at: int, number: str, *, again: bool = False, **properties: Any) -> list[Record]:
    """An order of 30, and that it counts; `again` it does not."""
    name = make.hexed(f"{profile}{at}")
    happened = make.event(profile, "Order Completed", at, message_id=name, revenue=30, order_id=number, **properties)
    counted = make.conversion(profile, number, 30, at=at)
    row = orjson.loads(counted.value)
    return [happened] if again else [happened, counted._replace(value=orjson.dumps({**row, "message_id": name}))]


def at(days: int) -> datetime:
    """Noon, so many days later."""
    return datetime(2026, 11, 21, 12) + timedelta(days=days)  # noqa: DTZ001 - ClickHouse's times have no zone


@pytest.mark.parametrize(
    "naming", [{"coupon": " back-1"}, {"coupons": ["X", "BACK-1"]}, {"products": [{"coupon": "Back-1"}]}]
)
def test_an_offer_is_redeemed_by_the_order_that_names_it(client: Any, rows: Rows, naming: dict[str, Any]) -> None:
    """Whose it is, how often it was sent, until when it is valid, and the order, under profiles of today."""
    load(client, [
        make.message(A, M1, offer=offer("BACK-1", 14)), make.message(A, M2, offer=offer("BACK-1", 14), at=NOON + DAY),
        make.message(B, make.hexed("m3"), offer=offer("BACK-2", 7)), *order(C, NOON + 2 * DAY, "o1", **naming),
        *order(C, NOON + 3 * DAY, "o2"), make.merge(A, C),
    ])  # fmt: skip
    names = "code, profile_id, first_sent_at, expires_at, times_sent, redeemed, redeemed_at, order_id, redeemed_by"
    found = rows(f"SELECT {names}, revenue FROM v_offers ORDER BY code")  # noqa: S608 - written here
    assert [tuple(v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in row) for row in found] == [
        ("BACK-1", C, at(0), at(14), 2, 1, at(2), "o1", C, Decimal(30)),
        ("BACK-2", B, at(0), at(7), 1, 0, None, "", "", 0),
    ]


def test_an_order_comes_before_a_cart_that_names_the_code(client: Any, rows: Rows) -> None:
    """A cart with the code is a redemption as long as no order has it."""
    load(client, [make.message(A, M1, offer=offer("BACK-1", 14)),
                  make.event(A, "Coupon Applied", NOON + DAY, coupon_id="BACK-1")])  # fmt: skip
    names = "redeemed, order_id, orders, revenue"
    assert rows(f"SELECT {names} FROM v_offers") == [(1, "", 0, 0)]  # noqa: S608
    again = order(A, NOON + 3 * DAY, "o1", again=True, coupon="BACK-1")
    load(client, [*order(A, NOON + 2 * DAY, "o1", coupon="BACK-1"), *again])
    assert rows(f"SELECT {names} FROM v_offers") == [(1, "o1", 1, 30)]  # noqa: S608
