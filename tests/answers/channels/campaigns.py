"""Campaigns and decisions: what was decided, sent and bought (v_campaign_daily, v_campaign_kpis, v_decisions)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from tests.answers.channels.history import History, money, rate, time_of
from tests.answers.channels.messages import fates

Row = dict[str, Any]
NAMES = ("day", "campaign_id", "step", "variant")
COUNTS = ("triggered", "sent", "held_out", "suppressed", "deferred", "cancelled", "retracted", "delivered", "opens",
          "clicks", "bounces", "unsubscribes", "complaints", "converted")  # fmt: skip


def campaigns(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_campaign_daily, or those of v_campaign_kpis over the days `within`."""
    counts: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    people: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    coins: dict[tuple[Any, ...], dict[str, list[Decimal]]] = defaultdict(dict)
    standing: Counter[str] = Counter()
    for row in history.changes():
        standing[(row.get("recovered") or {}).get("message_id") or ""] += row["orders"]
    for row in history.topics.get("retargeting.decisions", ()):
        day = history.day(row["decided_at"])
        if within(day):
            of = counts[_key((day, row["campaign_id"], row["step"], row.get("variant") or ""), daily=daily)]
            outcome, about = row["outcome"], row.get("message_id")
            if outcome == "cancelled" and about:
                of["retracted"] += 1
            elif outcome != "suppressed" or not about:
                of[outcome if outcome != "sent" else ""] += 1
                of["triggered"] += outcome != "deferred"
    for fate in fates(history):
        if fate.ours and within(fate.day):
            at = _key((fate.day, *fate.campaign), daily=daily)
            people[at].add(fate.who)
            counts[at].update(
                sent=1, delivered=fate.delivered, opens=fate.opened, clicks=fate.clicked, bounces=fate.bounced,
                unsubscribes=fate.unsubscribed, complaints=fate.complained, converted=standing[fate.message_id] > 0,
            )  # fmt: skip
    for row in history.changes():
        told = row.get("recovered") or {}
        note = history.messages.get(told.get("message_id", ""), {})
        day = history.day(note.get("decided_at", row["at"]))
        if told and within(day):
            at = _key((day, told["campaign_id"], told["step"], note.get("variant") or ""), daily=daily)
            sums = coins[at].setdefault(row.get("currency") or "", [Decimal(0), Decimal(0)])
            sums[0] += row["orders"]
            sums[1] += money(row["value"])
    rows = []
    for at in {*counts, *coins}:
        of = counts[at]
        paid = {coin: sums for coin, sums in coins[at].items() if any(sums)} or {"": [Decimal(0), Decimal(0)]}
        for coin, (orders, revenue) in paid.items():
            rows.append({
                **dict(zip(NAMES[-len(at) :], at, strict=True)), **{name: of[name] for name in COUNTS},
                "customers": len(people[at]), "open_rate": rate(of["opens"], of["delivered"]),
                "ctr": rate(of["clicks"], of["delivered"]), "bounce_rate": rate(of["bounces"], of["sent"]),
                "unsubscribe_rate": rate(of["unsubscribes"], of["delivered"]), "conversions": int(orders),
                "conversion_rate": rate(of["converted"], of["sent"]), "revenue": revenue,
                "revenue_per_message": rate(float(revenue), of["sent"]), "currency": coin,
            })  # fmt: skip
    return rows


def decisions(history: History) -> list[Row]:
    """The rows of v_decisions."""
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in history.topics.get("retargeting.decisions", ()):
        names = ("campaign_id", "step", "arm", "outcome", "reason")
        at = (history.day(row["decided_at"]), *(row.get(name) or "" for name in names))
        found[at].append((time_of(row["decided_at"]), history.today(row["profile_id"])))
    names = ("day", "campaign_id", "step", "arm", "outcome", "reason")
    return [
        {
            **dict(zip(names, at, strict=True)), "decisions": len(told), "profiles": len({who for _, who in told}),
            "first_at": min(told)[0].replace(tzinfo=None), "last_at": max(told)[0].replace(tzinfo=None),
        }
        for at, told in found.items()
    ]  # fmt: skip


def _key(at: tuple[Any, ...], *, daily: bool) -> tuple[Any, ...]:
    return at if daily else at[1:]
