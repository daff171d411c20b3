"""Abandoned carts: how long until they are bought, and which products are in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.answers.people import Row, Topics, day, moment, money

HOUR = timedelta(hours=1)


@dataclass
class Cart:
    """A cart: its rows in order of time, and whether it became part of another one in a merge."""

    rows: list[dict[str, Any]]
    merged: bool = False

    @property
    def alive(self) -> bool:
        """Whether nothing has ended it."""
        return self.rows[-1]["to"] in ("open", "abandoned")

    @property
    def first_abandonment(self) -> dict[str, Any] | None:
        """The row of its first abandonment."""
        return next((row for row in self.rows if row["to"] == "abandoned"), None)

    @property
    def order(self) -> dict[str, Any] | None:
        """The row of the order that has it."""
        return self.rows[-1] if self.rows[-1]["to"] == "converted" else None


def turn(row: dict[str, Any]) -> tuple[datetime, int]:
    """Where a row stands: at one instant opened comes first, then abandoned, then open again, then any end."""
    ends = {"abandoned": 1, "open": 2}
    return moment(row["at"]), 0 if row["from"] == "none" else ends.get(row["to"], 3)


def carts(topics: Topics) -> list[Cart]:
    """All carts."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in topics.get("cart.transitions", ()):
        found[row["cart_id"]].append(row)
    all_carts = [Cart(sorted(rows, key=turn)) for rows in found.values()]
    steps: dict[str, tuple[int, str, datetime]] = {}
    for row in topics.get("identity.merges", ()):
        if not row.get("refused") and row["reason"] not in ("split", "split_history", "erased"):
            step = (row["version"], row["into_profile_id"], moment(row["merged_at"]))
            steps[row["merged_profile_id"]] = max(step, steps.get(row["merged_profile_id"], step))

    def walk(profile: str) -> list[tuple[str, datetime]]:
        reached = []
        while profile in steps:
            _, profile, at = steps[profile]
            reached.append((profile, at))
        return reached

    def places(cart: Cart) -> list[tuple[str, datetime]]:
        first = cart.rows[0]
        return [(first["profile_id"], moment(first["at"])), *walk(first["profile_id"])]

    for cart in all_carts:
        if cart.alive:
            moves = [step for step in walk(cart.rows[-1]["profile_id"]) if step[1] >= moment(cart.rows[-1]["at"])]
            cart.merged = any(
                place == to and since <= at and moment(other.rows[0]["at"]) <= at
                and (other.alive or moment(other.rows[-1]["at"]) >= at)
                for to, at in moves for other in all_carts if other is not cart for place, since in places(other)
            )  # fmt: skip
    return all_carts


def quantile(values: Sequence[float], level: float) -> float:
    """By linear interpolation between the two values beside it (type 7)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * level
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def time_to_purchase(topics: Topics, first: date, last: date) -> list[Row]:
    """Rows of v_time_to_purchase."""
    waits: dict[str, list[timedelta | None]] = defaultdict(list)
    for cart in carts(topics):
        left = cart.first_abandonment
        if left is not None and not cart.merged and first <= day(left["at"]) <= last:
            wait = moment(cart.order["at"]) - moment(left["at"]) if cart.order else None
            checkout = any(row.get("stage") == "checkout" for row in cart.rows)
            waits["checkout" if checkout else "cart"].append(wait)
            waits["all"].append(wait)
    made = []
    for stage, all_waits in waits.items():
        bought = [wait for wait in all_waits if wait is not None]
        share = {
            name: sum(wait <= limit for wait in bought) / len(all_waits)
            for name, limit in (("hour", HOUR), ("day", 24 * HOUR), ("week", 168 * HOUR))
        }
        hours = [wait / HOUR for wait in bought]
        made.append({
            "stage": stage, "abandoned": len(all_waits), "bought": len(bought),
            "purchase_rate": len(bought) / len(all_waits), **{f"within_{name}": rate for name, rate in share.items()},
            **{f"hours_p{level}": quantile(hours, level / 100) if hours else None for level in (25, 50, 75, 90)},
        })  # fmt: skip
    return made


def products(topics: Topics, first: date, last: date, *, daily: bool) -> list[Row]:
    """Rows of v_products, or with `daily` of v_products_daily."""
    about = {row["message_id"]: row["trigger"].get("cart_id") for row in topics.get("retargeting.messages", ())}
    credit: dict[str, int] = defaultdict(int)
    for row in topics.get("conversions", ()):
        if row.get("recovered") and row.get("counts", True):
            credit[about.get(row["recovered"]["message_id"]) or ""] += row.get("orders", 1)
    left = [cart for cart in carts(topics) if cart.first_abandonment and not cart.merged]
    skus: dict[str, set[str]] = defaultdict(set)
    for row in topics.get("cart.transitions", ()):
        for line in row["lines"]:
            if line["product_id"] and line["sku"]:
                skus[line["product_id"].lower()].add(line["sku"].lower())

    def product(line: dict[str, Any]) -> tuple[str, str] | None:
        if line["sku"]:
            return "sku", line["sku"].lower()
        known = skus.get((line["product_id"] or "").lower(), set())
        if len(known) == 1:
            return "sku", next(iter(known))
        return ("id", line["product_id"].lower()) if line["product_id"] else None

    names: dict[tuple[str, str], dict[str, tuple[Any, ...]]] = defaultdict(dict)
    cells: dict[Any, dict[str, Any]] = defaultdict(
        lambda: {"abandoned": 0, "abandoned_value": Decimal(0), "bought": 0, "recovered": 0}
    )
    for cart in left:
        row = cart.first_abandonment or {}
        lines = [line for line in row["lines"] if (money(line["price"]) >= 0) and product(line)]
        whole = sum((money(one["price"]) * money(one["quantity"]) for one in row["lines"]), Decimal(0))
        ordered = {product(line) for line in cart.order["lines"]} if cart.order else set()
        for line in lines:
            for name in ("product_id", "sku", "name"):
                if line[name]:
                    told = (moment(row["at"]), row["cart_id"], line[name])
                    here = names[product(line) or ("", "")]
                    here[name] = max(told, here.get(name, told))
        if not first <= day(row["at"]) <= last:
            continue
        for one in {product(line) for line in lines}:
            cell = cells[day(row["at"]) if daily else None, one, row["currency"] or ""]
            cell["abandoned"] += 1
            cell["bought"] += one in ordered
            cell["recovered"] += one in ordered and credit[row["cart_id"]] > 0
            if row["value"] is not None and whole == money(row["value"]):
                cell["abandoned_value"] += sum(
                    (money(x["price"]) * money(x["quantity"]) for x in lines if product(x) == one), Decimal(0)
                )
    made = []
    for (when, one, currency), cell in cells.items():
        said = {name: names[one].get(name, ("", "", ""))[2] for name in ("product_id", "sku", "name")}
        if daily:
            made.append({"day": when, **said, **cell, "currency": currency})
        else:
            rates = {"purchase_rate": cell["bought"] / cell["abandoned"]}
            rates["recovery_rate"] = cell["recovered"] / cell["abandoned"]
            made.append({**said, **cell, **rates, "currency": currency})
    return made
