"""Aggregates as absolute cells: (name, window, dimensions) with totals and a version that counts the updates.

Emitting a cell again repeats its totals, so whoever writes them down may do so twice. Totals of money are micros
inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from schemas.money import LIMIT, to_number
from schemas.record import Out
from schemas.times import iso
from schemas.topics import AGGREGATES, DAY_MS, HOUR_MS
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.state_keys import CELL

_MONEY: Final = frozenset({"revenue", "refunds", "cost", "abandoned_value", "recovered_value"})
_WINDOWS: Final = {"channel_hour": HOUR_MS, "duplicate_hour": HOUR_MS, "cart_hour": HOUR_MS, "campaign_day": DAY_MS}

COUNTED: Final = {
    "Post Viewed": "views",
    "Post Liked": "likes",
    "Post Shared": "shares",
    "Post Commented": "comments",
    "Ad Impression": "impressions",
    "Ad Clicked": "clicks",
    "Email Link Clicked": "clicks",
    "SMS Link Clicked": "clicks",
    "Push Notification Tapped": "clicks",
    "Email Opened": "opens",
    "Email Delivered": "delivered",
    "SMS Delivered": "delivered",
    "Push Notification Received": "delivered",
    "Email Bounced": "bounces",
    "SMS Failed": "bounces",
    "Push Notification Bounced": "bounces",
    "Unsubscribed": "unsubscribes",
    "Email Marked as Spam": "unsubscribes",
}
"""Which events a channel's totals count, and as what."""


class Cells:
    """The cells of one partition. `most_cached`: how many are kept in memory from one unit to the next.

    Times (`at`) are epoch milliseconds.
    """

    def __init__(self, store: Store, emit: Emit, partition: int, most_cached: int = 20_000) -> None:
        self._most_cached = most_cached
        self._store = store
        self._emit = emit
        self._partition = partition
        self._cells: dict[bytes, dict[str, Any]] = {}
        self._known: dict[tuple[Any, ...], tuple[bytes, dict[str, Any]]] = {}
        self._hours: dict[tuple[str, int], tuple[bytes, dict[str, Any]]] = {}
        self._touched: set[bytes] = set()

    def add(self, name: str, at: int, dimensions: dict[str, str], **amounts: int) -> None:
        """Add amounts (counts, or micros of money) to the cell of the window that holds `at`.

        `name` is one of the kinds of cells (docs/contract.md section 2), `dimensions` what tells its cells apart.
        """
        window = at - at % _WINDOWS[name]
        short = (name, window, *dimensions.items())
        known = self._known.get(short)
        if known is None:
            known = self._known[short] = self._find(name, window, dimensions)
        key, cell = known
        totals = cell["totals"]
        for what, amount in amounts.items():
            if amount:
                total = totals.get(what, 0) + amount
                totals[what] = total if -LIMIT <= total <= LIMIT else max(-LIMIT, min(total, LIMIT))
        cell["version"] += 1
        self._touched.add(key)

    def add_event(self, channel: str, at: int, what: str | None = None, amount: int = 1) -> None:
        """One event of a channel at `at`, and with it an `amount` of `what`: `add` for what happens most."""
        window = at - at % HOUR_MS
        known = self._hours.get((channel, window))
        if known is None:
            known = self._hours[channel, window] = self._find("channel_hour", window, {"channel": channel})
        key, cell = known
        totals = cell["totals"]
        totals["events"] = totals.get("events", 0) + 1
        if what is not None and amount:
            totals[what] = max(-LIMIT, min(totals.get(what, 0) + amount, LIMIT))
        cell["version"] += 1
        self._touched.add(key)

    def _find(self, name: str, window: int, dimensions: dict[str, str]) -> tuple[bytes, dict[str, Any]]:
        key = "|".join((name, str(window), *(f"{k}={dimensions[k]}" for k in sorted(dimensions)))).encode()
        cell = self._cells.get(key)
        if cell is None:
            stored = self._store.get(CELL + key)
            cell = self._cells[key] = _cell(name, window, dimensions) if stored is None else orjson.loads(stored)
        return key, cell

    def flush(self) -> None:
        """Store and emit the cells touched since the last flush."""
        for key in sorted(self._touched):
            self._store.put(CELL + key, orjson.dumps(self._cells[key]))
            self._emit.send(self._out(key, self._cells[key]))
        self._touched.clear()
        if len(self._cells) > self._most_cached:
            self._cells.clear()
            self._known.clear()
            self._hours.clear()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._cells.values())

    def _out(self, key: bytes, cell: dict[str, Any]) -> Out:
        value = {
            "cell": {"name": cell["name"], "window_start": iso(cell["window"]), "dimensions": cell["dimensions"]},
            "values": {k: to_number(v) if k in _MONEY else v for k, v in sorted(cell["totals"].items()) if v},
            "partition": self._partition,
            "version": cell["version"],
        }
        return Out(AGGREGATES, self._partition, key + f"|{self._partition}".encode(), orjson.dumps(value))


class NoCells(Cells):
    """In the place of cells that nobody is to read: nothing is added up."""

    def add(self, name: str, at: int, dimensions: dict[str, str], **amounts: int) -> None:
        """Nothing, whatever the `name`, `at` (epoch milliseconds), `dimensions` and `amounts`."""

    def add_event(self, channel: str, at: int, what: str | None = None, amount: int = 1) -> None:
        """Nothing, whatever the `channel`, `at` (epoch milliseconds), `what` and `amount`."""


def _cell(name: str, window: int, dimensions: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "window": window, "dimensions": dimensions, "totals": {}, "version": 0}
