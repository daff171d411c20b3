"""What became of abandoned carts, told from the output topics in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.answers.uplift import Topics, time
from tests.answers.zone import shop_zone

ALIVE = ("open", "abandoned")
Cart = dict[str, Any]


def merges(topics: Topics) -> dict[str, tuple[str, datetime]]:
    """Of each merged profile, into which it went and when."""
    found = {}
    for row in sorted(topics.get("identity.merges", []), key=lambda row: row["version"]):
        if not row.get("refused") and row["reason"] not in ("split", "erased"):
            found[row["merged_profile_id"]] = row["into_profile_id"], time(row["merged_at"])
    return found


def path(profile: str, into: dict[str, tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    """Every profile that one has been part of since, with the time of that."""
    found = []
    while profile in into:
        profile, at = into[profile]
        found.append((profile, at))
    return found


def carts(topics: Topics) -> dict[str, Cart]:
    """Where each cart ended, when it was first abandoned, its value and currency; none that went into another."""
    rows = defaultdict(list)
    for row in topics.get("cart.transitions", []):
        rows[row["cart_id"]].append(row)
    found: dict[str, Cart] = {}
    for cart_id, changes in rows.items():
        changes.sort(key=lambda row: (
            time(row["at"]), row["from"] != "none", {"abandoned": 0, "open": 1}.get(row["to"], 2)
        ))  # fmt: skip
        full = [row for row in changes if row["lines"]]
        left = [time(row["at"]) for row in changes if row["to"] == "abandoned"]
        found[cart_id] = {
            "first": changes[0]["profile_id"], "last": changes[-1]["profile_id"], "state": changes[-1]["to"],
            "opened": time(changes[0]["at"]), "ended": time(changes[-1]["at"]), "abandoned": min(left, default=None),
            "value": full[-1]["value"] if full else None, "currency": (full[-1]["currency"] or "") if full else "",
        }  # fmt: skip
    into = merges(topics)
    places = defaultdict(list)
    for cart_id, cart in found.items():
        places[cart["first"]].append((cart_id, cart["opened"]))
        for reached, at in path(cart["first"], into):
            places[reached].append((cart_id, at))

    def swallowed(cart_id: str, cart: Cart) -> bool:
        if cart["state"] not in ALIVE:
            return False
        return any(
            other_id != cart_id and since <= at and other["opened"] <= at
            and (other["state"] in ALIVE or other["ended"] >= at)
            for reached, at in path(cart["last"], into) if at >= cart["ended"]
            for other_id, since in places[reached] for other in [found[other_id]]
        )  # fmt: skip

    return {cart_id: cart for cart_id, cart in found.items() if not swallowed(cart_id, cart)}


def recovery(topics: Topics) -> dict[tuple[Any, str], dict[str, Any]]:
    """The rows of v_recovery by day and currency."""
    notes = {row["message_id"]: row["trigger"]["cart_id"] for row in topics.get("retargeting.messages", [])}
    told = {cart for cart in notes.values() if cart}
    arms = defaultdict(set)
    for row in topics.get("retargeting.decisions", []):
        nothing = row["message_id"] or (row["reason"] == "exited" and row["control_share"] is None)
        if row["trigger"]["cart_id"] and not (row["outcome"] == "cancelled" and nothing):
            arms[row["trigger"]["cart_id"]].add(row["arm"])
    credited: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(lambda: [0, Decimal(0)]))
    for row in topics.get("conversions", []):
        cart_id = notes.get((row["recovered"] or {}).get("message_id"))
        if cart_id and row["counts"]:
            entry = credited[cart_id][row["currency"] or ""]
            entry[0] += row["orders"]
            entry[1] += Decimal(str(row["value"]))
    found: dict[tuple[Any, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for cart_id, cart in carts(topics).items():
        if cart["abandoned"] is None:
            continue
        day, back = cart["abandoned"].astimezone(shop_zone()).date(), cart["state"] == "converted"
        orders = credited.get(cart_id, {})
        currency = cart["currency"] or max(orders, key=lambda coin: (orders[coin][0], coin), default="")
        row = found[day, currency]
        row["abandoned"] += 1
        row["abandoned_value"] += Decimal(str(cart["value"] or 0))
        for name, of in (
            ("messaged", cart_id in told), ("unmessaged", cart_id not in told),
            ("treated", "treatment" in arms[cart_id]), ("control", arms[cart_id] == {"control"}),
        ):  # fmt: skip
            row[name] += of
            row["returned_" + name] += of and back
        row["won"] += cart_id in told and sum(entry[0] for entry in orders.values()) > 0
        for coin, (count, value) in orders.items():
            found[day, coin or currency]["recovered"] += count
            found[day, coin or currency]["recovered_value"] += value
    return found
