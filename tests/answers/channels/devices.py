"""Devices and hours (v_devices_hours), and who is known on each channel (v_match_rate)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from tests.answers.channels.history import CLICKS, OPENS, Event, History, rate
from tests.answers.channels.kpis import SHOPPING

Row = dict[str, Any]
LOOKING = {"Products Searched", "Product List Viewed", "Product List Filtered", "Product Viewed", "Product Clicked",
           "Cart Viewed"}  # fmt: skip
RESPONDING = OPENS | CLICKS | {"Post Liked", "Post Shared", "Post Commented"}
SHOPS = {"web", "app", "store", "marketplace", "messenger"}
NOBODY = {"anonymous_id", "device_id", "advertising_id", "push_token", "order_id", "checkout_id", "cart_id"}
KINDS = {"ios": "mobile", "android": "mobile", "mobile": "mobile", "tablet": "tablet", "tv": "tv", "desktop": "desktop"}


def device(event: Event) -> str:
    """The kind of device of the simulated shop's user agents and of context.device."""
    agent = event.record["context"].get("userAgent") or ""
    if (
        event.properties.get("machine") is True
        or agent == "Mozilla/5.0"
        or re.search("(?<!cu)bot|crawl", agent.lower())
    ):
        return "machine"
    if "iPad" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    if "Mobile" in agent or "iPhone" in agent:
        return "mobile"
    if agent:
        return "desktop"
    return KINDS.get((event.record["context"].get("device") or {}).get("type", ""), "unknown")


def is_activity(event: Event) -> bool:
    """The customer was in the shop: pages, screens, products, carts, checkouts; of machines only what is no look."""
    if event.record["channel"] not in SHOPS:
        return False
    if event.record["type"] in ("page", "screen") or event.record["name"] in LOOKING:
        return device(event) != "machine"
    return event.record["name"] in SHOPPING


def hours(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_devices_hours_daily, or those of v_devices_hours over the days `within`."""
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    people: dict[tuple[Any, ...], set[str]] = defaultdict(set)

    def key(day: date, kind: str, hour: int) -> tuple[Any, ...]:
        return (day, kind, hour) if daily else (kind, hour)

    placing = {(event.record["profile_id"], event.record["message_id"]): event for event in history.events
               if event.name == "Order Completed"}  # fmt: skip
    for event in history.events:
        active = is_activity(event)
        responds = event.name in RESPONDING and not event.by_machine
        if within(event.day) and (active or responds):
            at = key(event.day, device(event), event.hour)
            found[at].update(activity=active, engagement=responds)
            if event.named:
                people[at].add(event.who)
    for rows in history.orders().values():
        count = sum(row["orders"] for row in rows)
        first = min(
            (row for row in rows if row["kind"] in ("order", "renewal")),
            key=lambda row: row["changed_at"],
            default=None,
        )
        if count and first and within(history.day(first["at"])):
            event = placing[first["profile_id"], first["message_id"]]
            found[key(history.day(first["at"]), device(event), event.hour)]["orders"] += count
    names = ("day", "device", "hour")
    return [
        {
            **dict(zip(names[-len(at) :], at, strict=True)), "activity": of["activity"],
            "engagement": of["engagement"], "orders": of["orders"], "customers": len(people[at]),
        }
        for at, of in found.items()
    ]  # fmt: skip


def matches(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_match_rate_daily, or those of v_match_rate over the days `within`."""
    known = {
        event.who for event in history.events if event.named and event.record["identifiers"][0]["type"] not in NOBODY
    }
    found: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in history.events:
        if within(event.day):
            found[(event.day, event.record["channel"]) if daily else (event.record["channel"],)].append(event)
    rows = []
    for at, told in found.items():
        people = {event.who for event in told if event.named}
        recognised = sum(event.named and event.who in known for event in told)
        rows.append({
            **dict(zip(("day", "channel")[-len(at) :], at, strict=True)), "events": len(told),
            "known_events": recognised, "match_rate": rate(recognised, len(told)), "customers": len(people),
            "known_customers": len(people & known),
        })  # fmt: skip
    return rows


def event_names(history: History, within: Callable[[date], bool], *, daily: bool) -> list[Row]:
    """The rows of v_event_names_daily, or those of v_event_names over the days `within`."""
    found: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in history.events:
        original = event.record.get("original_name") or ""
        if within(event.day) and (event.record["type"] == "track" or original):
            name = (event.name or event.record["name"] if event.record["type"] == "track" else event.record["type"])[
                :120
            ]
            found[(event.day, name, original[:120]) if daily else (name, original[:120])].append(event)
    names = ("day", "name", "original_name")
    rows = []
    for at, told in found.items():
        times = [event.at.replace(tzinfo=None) for event in told]
        seen = {} if daily else {"first_seen": min(times), "last_seen": max(times)}
        rows.append({**dict(zip(names[-len(at) :], at, strict=True)), "events": len(told), **seen})
    return rows


def stitching(history: History) -> list[Row]:
    """The rows of v_identity_health_daily."""
    found: Counter[tuple[Any, ...]] = Counter()
    seen = set()
    for row in history.topics["identity.merges"]:
        refused, reason = row.get("refused"), row["reason"]
        # A merge is one, however often it is told.
        one = (row["merged_profile_id"], row["into_profile_id"], row["version"] if refused else None)
        if one not in seen:
            seen.add(one)
            kind = "refused_links" if refused else {"split": "splits", "erased": "erasures"}.get(reason, "merges")
            found[history.day(row["merged_at"]), kind, reason if refused else ""] += 1
    return [
        {"day": day, "measure": kind, "label": label, "value": count} for (day, kind, label), count in found.items()
    ]
