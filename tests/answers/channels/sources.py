"""Where visitors, carts, orders and money came from (v_sources); mailbox providers (v_deliverability)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from tests.answers.channels.carts import carts_of
from tests.answers.channels.devices import is_activity
from tests.answers.channels.history import Event, History, money, rate, time_of
from tests.answers.channels.messages import Fate, fates

Row = dict[str, Any]
Source = tuple[str, str, str, str]
DIRECT: Source = ("", "", "", "")
COUNTS = {
    "sent": "ours", "delivered": "delivered", "bounces": "bounced", "opens": "opened", "clicks": "clicked",
    "unsubscribes": "unsubscribed", "complaints": "complained",
}  # fmt: skip
NOWHERE = {"direct", "none", "not set", "$direct", ""}


def source_of(event: Event) -> Source:
    """What a visit names: utm source, medium, campaign, and the host it came from."""
    context = event.record["context"]
    told = context.get("campaign") or {}
    words = [str(told.get(name) or "").strip() for name in ("source", "medium", "name")]
    words = ["" if word.lower().strip("() ") in NOWHERE else word for word in words]
    words = words if words[0] or words[1] else ["", "", ""]
    page = context.get("page") or event.properties
    host, own = (
        (urlsplit(str(page.get(name) or "")).hostname or "").removeprefix("www.") for name in ("referrer", "url")
    )
    outside = event.record["channel"] == "web" and host.split(".")[-2:] != own.split(".")[-2:] and "paypal" not in host
    return (words[0], words[1], words[2], host if outside else "")


def sources(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_sources_daily, or those of v_sources over the days `within`."""
    landings: dict[str, dict[datetime, Source]] = defaultdict(dict)
    came: dict[tuple[date, str], set[Source]] = defaultdict(set)
    for event in history.events:
        if event.named and is_activity(event):
            source = source_of(event)
            came[event.day, event.who] |= {source} - {DIRECT}
            if source != DIRECT:
                landings[event.who][event.at] = max(source, landings[event.who].get(event.at, DIRECT))
    times = {who: sorted(found) for who, found in landings.items()}

    def last(who: str, at: datetime) -> Source:
        known = times.get(who, [])
        place = bisect_right(known, at)
        return landings[who][known[place - 1]] if place and at - known[place - 1] <= timedelta(days=30) else DIRECT

    visitors: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    carts: Counter[tuple[Any, ...]] = Counter()
    paid: dict[tuple[Any, ...], dict[str, list[Decimal]]] = defaultdict(dict)

    def key(day: date, source: Source) -> tuple[Any, ...]:
        return (day, *source) if daily else source

    for (day, who), found in came.items():
        for source in (found or {DIRECT}) if within(day) else ():
            visitors[key(day, source)].add(who)
    for cart in carts_of(history):
        if within(day := cart.opened.astimezone(history.zone).date()):
            carts[key(day, last(cart.who, cart.opened))] += 1
    for rows in history.orders().values():
        placed = min(rows, key=lambda row: (row["kind"] == "refund", row["at"]))
        source = last(history.today(placed["profile_id"]), time_of(placed["at"]))
        for row in rows:
            if within(day := history.day(row["at"])):
                sums = paid[key(day, source)].setdefault(row["currency"] or "", [Decimal(0), Decimal(0)])
                sums[0] += row["orders"]
                sums[1] += money(row["value"])
    names = ("day", "source", "medium", "campaign", "referrer")
    found_rows = []
    for at in {*visitors, *carts, *paid}:
        coins = {coin: sums for coin, sums in paid[at].items() if any(sums)} or {"": [Decimal(0), Decimal(0)]}
        found_rows += [
            {
                **dict(zip(names[-len(at) :], at, strict=True)), "visitors": len(visitors[at]), "carts": carts[at],
                "orders": int(sums[0]), "revenue": sums[1], "currency": coin,
            }
            for coin, sums in coins.items() if visitors[at] or carts[at] or any(sums)
        ]  # fmt: skip
    return found_rows


def mailboxes(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_deliverability_daily, or those of v_deliverability over the days `within`."""
    found: dict[tuple[Any, ...], list[Fate]] = defaultdict(list)
    for fate in fates(history):
        if fate.channel == "email" and fate.domain and within(fate.day):
            found[(fate.day, fate.domain) if daily else (fate.domain,)].append(fate)
    rows = []
    for at, told in found.items():
        counts = {name: sum(getattr(fate, of) for fate in told) for name, of in COUNTS.items()}
        silent = sum(not fate.delivered and not fate.bounced for fate in told)
        rows.append({
            **dict(zip(("day", "domain")[-len(at) :], at, strict=True)), "messages": len(told), **counts,
            "silent": silent, "bounce_rate": rate(counts["bounces"], len(told) - silent),
            "open_rate": rate(counts["opens"], counts["delivered"]), "ctr": rate(counts["clicks"], counts["delivered"]),
            "unsubscribe_rate": rate(counts["unsubscribes"], counts["delivered"]),
            "complaint_rate": rate(counts["complaints"], counts["delivered"]),
        })  # fmt: skip
    return rows
