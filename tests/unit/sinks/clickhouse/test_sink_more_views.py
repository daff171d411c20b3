"""Decisions by reason, credit by attribution model, and what comes back of abandoned carts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from schemas import topics
from schemas.record import Record
from sinks.clickhouse.load import load
from tests.support import sink_rows as make

Rows = Callable[[str], list[tuple[Any, ...]]]
A, B, C = (make.hexed(name) for name in "ABC")


def test_decisions(client: Any, rows: Rows) -> None:
    """Outcomes and reasons with how many decisions and customers each has; merged profiles are one customer."""
    load(client, [
        make.decision(A, "d1", "sent"), make.decision(B, "d2", "sent"), make.decision(C, "d3", "sent"),
        make.decision(A, "d4", "suppressed", reason="no_consent"), make.merge(A, B),
    ])  # fmt: skip
    found = rows("SELECT campaign_id, step, arm, outcome, reason, decisions, profiles FROM v_decisions")
    assert found == [
        ("abandoned-cart", "reminder", "treatment", "sent", "", 3, 2),
        ("abandoned-cart", "reminder", "treatment", "suppressed", "no_consent", 1, 1),
    ]


def test_attribution(client: Any, rows: Rows) -> None:
    """Shares of orders and of their value, by model and channel; an order without a touch is nobody's."""
    linear = orjson.loads(make.conversion(A, "o1", 30).value or b"")
    linear["credits"] = {"linear": {"email": 0.25, "web": 0.75}, "last": {"web": 1}}
    linear["credited"] = {"linear": {"email": 7.5, "web": 22.5}, "last": {"web": 30}}
    nobody = orjson.loads(make.conversion(A, "o3", 5).value or b"") | {"credits": {}, "credited": {}, "touches": []}
    load(client, [
        make.record(topics.CONVERSIONS, linear), make.conversion(B, "o2", 10), make.record(topics.CONVERSIONS, nobody),
    ])  # fmt: skip
    read = "SELECT model, channel, conversions, revenue, currency"
    assert rows(f"{read} FROM v_attribution(from = '2026-11-21', to = '2026-11-21')") == [
        ("first", "email", 1.0, 10.0, "EUR"),
        ("last", "web", 2.0, 40.0, "EUR"),
        ("linear", "email", 0.25, 7.5, "EUR"),
        ("linear", "web", 0.75, 22.5, "EUR"),
    ]


def abandoned(profile: str, cart: str, at: int, value: float = 10) -> list[Record]:
    """A cart that was opened, and left 30 minutes later."""
    return [
        make.transition(profile, cart, "none>open", at, value=value),
        make.transition(profile, cart, "open>abandoned", at + 30 * make.MINUTE, value=value, no=1),
    ]


def test_recovery(client: Any, rows: Rows) -> None:
    """Carts by the day they were abandoned: written to, brought back by a message, or come back by themselves."""
    noon = make.NOON
    load(client, [
        *abandoned(A, "c1", noon, value=20), make.message(A, "m1"), make.conversion(A, "o1", 22.5, message_id="m1"),
        make.transition(A, "c1", "abandoned>converted", noon + make.HOUR, value=20, no=1),
        *abandoned(B, "c2", noon), make.conversion(B, "o2", 10),
        make.transition(B, "c2", "abandoned>converted", noon + make.HOUR, no=1),
        *abandoned(C, "c3", noon + make.DAY),
    ])  # fmt: skip
    names = (
        "day, abandoned, abandoned_value, messaged, recovered, recovered_value, returned_alone, recovery_rate, currency"
    )
    assert rows(f"SELECT {names} FROM v_recovery") == [  # noqa: S608
        (date(2026, 11, 21), 2, 30, 1, 1, Decimal("22.5"), 1, 1.0, "EUR"),
        (date(2026, 11, 22), 1, 10, 0, 0, 0, 0, None, "EUR"),
    ]
