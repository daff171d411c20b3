"""Consent: each change of it, and the last message before a no (v_consent)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tests.answers.channels.history import Event, History, time_of

WRITTEN = ("email", "sms", "push", "ads", "messenger", "mail", "broadcast")


def words(event: Event) -> list[tuple[str, str]]:
    """What an event says: channel, and `yes`, `no` or `complaint`; in the plain forms of the simulated shop."""
    if event.name == "Email Marked as Spam":
        return [("email", "complaint")]
    if event.name in {"Unsubscribed", "Subscription Changed"}:
        named = event.properties.get("channel") or event.record["channel"]
        yes = event.name == "Subscription Changed" and event.properties.get("subscribed") is True
        return [(channel, "yes" if yes else "no") for channel in ((named,) if named in WRITTEN else WRITTEN)]
    if event.record["traits"].get("unsubscribed") is True:
        return [(channel, "no") for channel in WRITTEN]
    return []


def consent(history: History, within: Callable[[date], bool], *, daily: bool) -> list[dict[str, Any]]:
    """The rows of v_consent_daily, or those of v_consent over the days `within`."""
    sent: dict[tuple[str, str], list[tuple[datetime, str, str]]] = defaultdict(list)
    for row in history.messages.values():
        about = history.today(row["profile_id"]), row["channel"]
        sent[about].append((time_of(row["decided_at"]), row["message_id"], row["campaign_id"]))
    state: dict[tuple[str, str], str] = {}
    found: dict[tuple[Any, ...], list[tuple[str, str, str]]] = defaultdict(list)

    def order(event: Event) -> tuple[Any, ...]:
        source = event.record["source"]
        return event.at, source["topic"], source["partition"], source["offset"]

    for event in sorted(history.events, key=order):
        for channel, word in words(event):
            before = state.get((event.who, channel), "")
            if word == before or (word == "no" and before == "complaint"):
                continue
            state[event.who, channel] = word
            known = [one for one in sent[event.who, channel] if one[0] <= event.at]
            campaign = max(known)[2] if known and word != "yes" else ""
            if within(event.day):
                at = (event.day, channel, "", campaign) if daily else (channel, "", campaign)
                found[at].append((word, before, event.who))
    names = ("day", "channel", "topic", "campaign_id")
    return [
        {
            **dict(zip(names[-len(at) :], at, strict=True)),
            "withdrawals": sum(word != "yes" and before in ("", "yes") for word, before, _ in told),
            "complaints": sum(word == "complaint" for word, _, _ in told),
            "grants": sum(word == "yes" for word, _, _ in told),
            "customers": len({who for word, _, who in told if word != "yes"}),
        }
        for at, told in found.items()
    ]
