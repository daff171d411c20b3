"""What became of each message: ours, those that others sent, and those that only a campaign is named of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tests.answers.channels.history import BOUNCES, CLICKS, DELIVERIES, OPENS, REFUSALS, Event, History


@dataclass
class Fate:
    """A message: when it counts, on which channel, of which campaign, to whom, and all that was told of it."""

    day: date
    channel: str
    campaign: tuple[str, str, str]
    who: str
    domain: str
    ours: bool
    message_id: str = ""
    told: list[Event] = field(default_factory=list)

    @property
    def opened(self) -> bool:
        """By a person."""
        return any(event.name in OPENS and not event.by_machine for event in self.told)

    @property
    def clicked(self) -> bool:
        """By a person, or a page that its link led to."""
        return any(
            not event.by_machine and (event.name in CLICKS or (self.message_id != "" and not event.message))
            for event in self.told
        )

    @property
    def bounced(self) -> bool:
        """It came back."""
        return any(event.name in BOUNCES for event in self.told)

    @property
    def unsubscribed(self) -> bool:
        """It was unsubscribed with, or complained of."""
        return any(event.name in REFUSALS for event in self.told)

    @property
    def complained(self) -> bool:
        """It was marked as spam."""
        return any(event.name == "Email Marked as Spam" for event in self.told)

    @property
    def delivered(self) -> bool:
        """Anything was told that nobody can do with a message that has not come."""
        return any(event.name not in BOUNCES for event in self.told)


def fates(history: History) -> list[Fate]:
    """All messages."""
    found = {
        key: Fate(
            history.day(row["decided_at"]), row["channel"], (row["campaign_id"], row["step"], row.get("variant") or ""),
            history.today(row["profile_id"]), _domain(row.get("to")) if row["channel"] == "email" else "", True, key,
        )
        for key, row in history.messages.items()
    }  # fmt: skip
    nameless: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in sorted(history.events, key=lambda event: event.at):
        about = event.message or event.link
        campaign = str(event.properties.get("campaign_id") or "")
        channel = str(event.record["channel"])
        if about in found:
            found[about].told.append(event)
        elif event.message:
            found[about] = Fate(
                event.day, channel, (campaign, "", ""), event.who, _mailbox(event), False, about, [event]
            )
        elif event.name in OPENS | CLICKS - {"Ad Clicked"} | DELIVERIES | BOUNCES or (
            campaign and event.name in REFUSALS
        ):
            nameless[event.who, channel, campaign].append(event)
    others = [fate for group in nameless.values() for fate in _apart(group)]
    return [*found.values(), *others]


def _apart(events: list[Event]) -> list[Fate]:
    """Feedback of one campaign to one customer: each delivery and each bounce begins a message."""
    starts = DELIVERIES | BOUNCES
    found: dict[Any, Fate] = {}
    number = 0
    for event in sorted(events, key=lambda event: (event.at, event.name not in starts, event.record["message_id"])):
        number += event.name in starts
        key = (number, event.day if not number else None)
        if key not in found:
            campaign = str(event.properties.get("campaign_id") or "")
            found[key] = Fate(event.day, event.record["channel"], (campaign, "", ""), event.who, "", False)
        found[key].told.append(event)
        found[key].domain = max(found[key].domain, _mailbox(event))
    return list(found.values())


def _mailbox(event: Event) -> str:
    addresses = [one["value"] for one in event.record["identifiers"] if one["type"] == "email"]
    return _domain(addresses[0]) if addresses else ""


def _domain(address: str | None) -> str:
    return (address or "").rpartition("@")[2].strip().lower() if address and "@" in address else ""
