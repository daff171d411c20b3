"""The output topics as a history: who each record is about today, on which day of the shop, by which hour."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.answers.zone import shop_zone

Topics = Mapping[str, Sequence[Mapping[str, Any]]]
MACHINES = ("bot", "crawler", "spider", "barracuda", "mimecast", "proofpoint", "preview", "scanner")
OPENS = {"Email Opened"}
CLICKS = {"Email Link Clicked", "SMS Link Clicked", "Push Notification Tapped", "Ad Clicked"}
DELIVERIES = {"Email Delivered", "SMS Delivered", "Push Notification Received"}
BOUNCES = {"Email Bounced", "SMS Failed", "Push Notification Bounced"}
REFUSALS = {"Unsubscribed", "Email Marked as Spam"}
LINK = re.compile(r"[?&]wb_mid=([0-9a-v]{48})")


def time_of(text: str) -> datetime:
    """A time of the topics."""
    return datetime.fromisoformat(text)


def money(value: Any) -> Decimal:
    """An amount of the topics, exact."""
    return Decimal(str(value or 0))


@dataclass
class Event:
    """A stitched event: its record, time, day and hour of the shop, customer of today, and whether it names anybody."""

    record: Mapping[str, Any]
    at: datetime
    day: date
    hour: int
    who: str
    named: bool

    @property
    def name(self) -> str:
        """The name of a track call; empty of any other."""
        return str(self.record["name"]) if self.record["type"] == "track" else ""

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its properties."""
        found: Mapping[str, Any] = self.record["properties"]
        return found

    @property
    def message(self) -> str:
        """The message that feedback or an advert's event names."""
        kinds = OPENS | CLICKS | DELIVERIES | BOUNCES | REFUSALS | {"Ad Impression"}
        return str(self.properties.get("message_id") or "") if self.name in kinds else ""

    @property
    def link(self) -> str:
        """The message whose link led to the page of this event."""
        page = self.record["context"].get("page") or {}
        texts = (page.get("url"), self.properties.get("url"), page.get("search"))
        found = LINK.search(" ".join(text for text in texts if isinstance(text, str)))
        return found[1] if found else ""

    @property
    def by_machine(self) -> bool:
        """Whether a machine made it, by its own word or its user agent."""
        agents = [self.record["context"].get("userAgent") or "", self.properties.get("user_agent") or ""]
        return (
            self.properties.get("machine") is True
            or "Mozilla/5.0" in agents
            or any(word in agent.lower() for agent in agents for word in MACHINES)
        )


class History:
    """All that the topics tell, for a shop in some time zone."""

    def __init__(self, topics: Topics) -> None:
        """Read the topics."""
        self.zone = shop_zone()
        self.topics = topics
        self.into: dict[str, str] = {}
        for row in sorted(topics.get("identity.merges", ()), key=lambda row: row["version"]):
            if not row.get("refused") and row["reason"] not in ("split", "split_history", "erased"):
                self.into[row["merged_profile_id"]] = row["into_profile_id"]
        self.events = [self._event(row) for row in topics.get("stitched.events", ())]
        self.messages = {row["message_id"]: row for row in topics.get("retargeting.messages", ())}

    def today(self, profile: str) -> str:
        """Whose a profile is now."""
        while profile in self.into:
            profile = self.into[profile]
        return profile

    def day(self, text: str) -> date:
        """The shop's day of a time."""
        return time_of(text).astimezone(self.zone).date()

    def changes(self) -> Iterator[Mapping[str, Any]]:
        """The rows of orders that count."""
        yield from (row for row in self.topics.get("conversions", ()) if row.get("counts", True))

    def orders(self) -> dict[str, list[Mapping[str, Any]]]:
        """Those rows by order."""
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in self.changes():
            found[row["order_id"]].append(row)
        return found

    def _event(self, row: Mapping[str, Any]) -> Event:
        at = time_of(row["event_time"])
        local = at.astimezone(self.zone)
        return Event(row, at, local.date(), local.hour, self.today(row["profile_id"]), bool(row["identifiers"]))


def rate(part: float, whole: float) -> float | None:
    """A share, None of nothing."""
    return part / whole if whole else None
