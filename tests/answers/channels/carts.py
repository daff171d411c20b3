"""Carts: whose, when opened, how far they got and where they stand (v_cart_funnel)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.answers.channels.history import History, money, time_of

RANK = {"open": 2, "abandoned": 1}
STEPS = ("opened", "checkout started", "abandoned", "reopened", "converted after abandonment", "now open",
         "now abandoned", "ended converted", "ended emptied", "ended expired", "ended merged")  # fmt: skip


@dataclass
class Cart:
    """A cart, of its transitions in order."""

    history: History
    rows: list[Mapping[str, Any]]

    @property
    def opened(self) -> datetime:
        """When it was opened."""
        return time_of(self.rows[0]["at"])

    @property
    def last(self) -> datetime:
        """When it changed last."""
        return max(time_of(row["at"]) for row in self.rows)

    @property
    def who(self) -> str:
        """Whose it is today."""
        return self.history.today(self.rows[-1]["profile_id"])

    @property
    def alive(self) -> bool:
        """Whether it is open or abandoned."""
        return self.rows[-1]["to"] in RANK

    @property
    def worth(self) -> tuple[str, Decimal]:
        """Currency and value of its latest lines."""
        filled = [row for row in self.rows if row["lines"]]
        return (filled[-1].get("currency") or "", money(filled[-1]["value"])) if filled else ("", Decimal(0))

    def times(self, before: str, after: str) -> int:
        """How often it went from one state to another; `*` is any."""
        return sum(row["to"] == after and before in ("*", row["from"]) for row in self.rows)


def carts_of(history: History) -> list[Cart]:
    """All carts."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in history.topics.get("cart.transitions", ()):
        found[row["cart_id"]].append(row)
    return [
        Cart(history, sorted(rows, key=lambda row: (row["at"], 0 if row["from"] == "none" else RANK.get(row["to"], 3))))
        for rows in found.values()
    ]


def swallowed(history: History, carts: list[Cart]) -> set[int]:
    """Carts (by place in the list) that went into another one, when its profile became part of one that had a cart."""
    merged_at = {
        row["merged_profile_id"]: time_of(row["merged_at"])
        for row in history.topics.get("identity.merges", ())
        if not row.get("refused") and row["reason"] not in ("split", "erased")
    }

    def way(profile: str) -> list[tuple[str, datetime]]:
        steps = []
        while profile in history.into:
            steps.append((history.into[profile], merged_at[profile]))
            profile = history.into[profile]
        return steps

    stands: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    for at, cart in enumerate(carts):
        for place, since in [(cart.rows[0]["profile_id"], cart.opened), *way(cart.rows[0]["profile_id"])]:
            stands[place].append((at, since))
    return {
        at
        for at, cart in enumerate(carts)
        if cart.alive
        for place, moved in way(cart.rows[-1]["profile_id"])
        if moved >= cart.last
        for other, since in stands[place]
        if other != at and since <= moved and carts[other].opened <= moved
        and (carts[other].alive or carts[other].last >= moved)
    }  # fmt: skip


def funnel(history: History, within: Callable[[date], bool], *, daily: bool) -> list[dict[str, Any]]:
    """The rows of v_cart_funnel_daily, or those of v_cart_funnel over the days `within`."""
    carts = carts_of(history)
    gone = swallowed(history, carts)
    groups: dict[tuple[Any, ...], list[tuple[list[int], Decimal]]] = defaultdict(list)
    for at, cart in enumerate(carts):
        day = cart.opened.astimezone(history.zone).date()
        if not within(day):
            continue
        fate = "merged" if at in gone else cart.rows[-1]["to"]
        left, currency = cart.times("*", "abandoned"), cart.worth[0]
        times = [
            1, int(any(row.get("stage") == "checkout" for row in cart.rows)), left, cart.times("abandoned", "open"),
            int(fate == "converted" and left > 0),
            *(int(fate == one) for one in ("open", "abandoned", "converted", "emptied", "expired", "merged")),
        ]  # fmt: skip
        groups[(day, currency) if daily else (currency,)].append((times, cart.worth[1]))
    return [
        {
            **({"day": at[0]} if daily else {}), "position": step + 1, "step": STEPS[step], "currency": at[-1],
            "carts": sum(times[step] > 0 for times, _ in told), "times": sum(times[step] for times, _ in told),
            "share": sum(times[step] > 0 for times, _ in told) / len(told),
            "value": sum((worth for times, worth in told if times[step]), Decimal(0)),
        }
        for at, told in groups.items()
        for step in range(len(STEPS))
    ]  # fmt: skip
