"""Time to purchase and products of abandoned carts, each number beside one that plain Python makes of the topics."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from schemas import topics
from schemas.record import Record
from sinks.clickhouse.export import over
from sinks.clickhouse.load import load
from tests.answers import abandoned
from tests.answers.people import Topics
from tests.support import sink_rows as make
from tests.support.shop_topics import shop_topics
from tests.support.view_rows import rows_of, same

A, B, C = (make.hexed(name) for name in "ABC")
NOON, HOUR, DAY = make.NOON, make.HOUR, make.DAY
EVER = ("1970-01-01", "2149-06-06")


def agree(client: Any, told: Topics, first: str, last: str) -> tuple[int, int, int]:
    """Assert that the views say what the topics say, over these days. Returns rows by view."""
    days = date.fromisoformat(first), date.fromisoformat(last)
    products = abandoned.products(told, *days, daily=False)
    daily = abandoned.products(told, *(date.fromisoformat(one) for one in EVER), daily=True)
    times = abandoned.time_to_purchase(told, *days)
    return (
        same(client, over("v_products", first, last), products, ["product_id", "sku", "currency"]),
        same(client, "v_products_daily", daily, ["day", "product_id", "sku", "currency"]),
        same(client, over("v_time_to_purchase", first, last), times, ["stage"]),
    )


def test_the_simulated_shop(shop: Any) -> None:
    """Every number over the shop's three days, and over its second day alone."""
    assert min(agree(shop, shop_topics(), *EVER)) > 2
    agree(shop, shop_topics(), "2026-01-06", "2026-01-06")


def line(product_id: str | None, sku: str | None, price: float, quantity: int = 1, name: str = "") -> dict[str, Any]:
    """A line of a cart."""
    return {"product_id": product_id, "sku": sku, "name": name or None, "price": price, "quantity": quantity}


def row(cart: str, states: str, hours: float, lines: list[dict[str, Any]], **more: Any) -> Record:
    """A transition of a cart of customer A, or of another `profile`, so many hours after noon, with its lines."""
    at, profile = NOON + int(hours * HOUR), more.pop("profile", A)
    value = sum(Decimal(str(one["price"])) * one["quantity"] for one in lines)
    made = orjson.loads(make.transition(profile, cart, states, at, **more).value or b"")
    value_told = made["value"] if more.get("value", 0) is None else float(value)
    return make.record(topics.CART_TRANSITIONS, {**made, "lines": lines, "value": value_told}, profile)


LAMP, BULB = line("1", "L-1", 10, 2, "Lamp"), line("gid:2", None, 5, name="Bulb")
HISTORY = [
    # Bought two hours after it was left, without the bulb, by a message.
    row("c1", "none>open", 0, [LAMP, BULB]), row("c1", "open>abandoned", 1, [LAMP, BULB], stage="checkout"),
    row("c1", "abandoned>open", 2, [LAMP]), row("c1", "open>converted", 3, [LAMP], stage="checkout"),
    make.message(A, "1" * 48, cart="c1", at=NOON + HOUR), make.conversion(A, "o1", 20, message_id="1" * 48),
    # The same lamp by other names, and a discount; bought four hours later, the order cancelled, and left again.
    row("c2", "none>open", 24, [line("shop-1", "l-1", 12, name="Lamp, new"), line(None, "OFF", -2)]),
    row("c2", "open>abandoned", 25, [line("shop-1", "l-1", 12, name="Lamp, new"), line(None, "OFF", -2)]),
    row("c2", "abandoned>converted", 29, [line("shop-1", "l-1", 12)]), row("c2", "converted>open", 29.5, []),
    # A lamp with only its id; in several currencies, so worth nothing; expired.
    row("c3", "none>open", 0, [line("SHOP-1", None, 7)], value=None, currency="USD", profile=B),
    row("c3", "open>abandoned", 2, [line("SHOP-1", None, 7)], value=None, currency="USD", profile=B),
    row("c3", "abandoned>expired", 700, [line("SHOP-1", None, 7)], value=None, currency="USD", profile=B),
    # Left by somebody who turned out to be A, while A had the cart c1: it became part of that one.
    row("c4", "none>open", 0.5, [LAMP], profile=C), row("c4", "open>abandoned", 1.5, [LAMP], profile=C),
    make.merge(C, A, at=NOON + 2 * HOUR),
]  # fmt: skip


def test_a_history_that_can_be_counted_by_hand(client: Any) -> None:
    """Names of a product come together; what was bought is what the order had; merged carts are left out."""
    load(client, HISTORY)
    told: dict[str, list[Any]] = {}
    for record in HISTORY:
        told.setdefault(record.topic, []).append(orjson.loads(record.value or b""))
    agree(client, told, *EVER)
    agree(client, told, "2026-11-22", "2026-11-22")
    names = ("product_id", "sku", "name", "abandoned", "abandoned_value", "bought", "recovered", "currency")
    found = [tuple(one[name] for name in names) for one in rows_of(client, over("v_products", *EVER))]
    assert found == [
        ("shop-1", "l-1", "Lamp, new", 2, Decimal(32), 1, 1, "EUR"),
        ("gid:2", "", "Bulb", 1, Decimal(5), 0, 0, "EUR"),
        ("shop-1", "l-1", "Lamp, new", 1, Decimal(0), 0, 0, "USD"),
    ]
    times = {one["stage"]: one for one in rows_of(client, over("v_time_to_purchase", *EVER))}
    assert {stage: (one["abandoned"], one["bought"], one["hours_p50"]) for stage, one in times.items()} == {
        "all": (3, 1, 2.0), "cart": (2, 0, None), "checkout": (1, 1, 2.0),
    }  # fmt: skip
    assert (times["all"]["within_hour"], times["all"]["within_day"]) == (0, 1 / 3)


def test_nothing_to_tell(client: Any) -> None:
    """An empty database gives no rows and no error."""
    for read in (over("v_products", *EVER), "v_products_daily", over("v_time_to_purchase", *EVER)):
        assert rows_of(client, read) == []
