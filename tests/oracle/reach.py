"""How one customer can be reached: contact points, consent, zone, language, place, and what came of messages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.campaigns import DAY, Campaign, Campaigns
from tests.oracle.consent import ARRIVED, BOUNCES, CONTACTS, for_good, named, said
from tests.oracle.reading import Fact, text
from tests.oracle.zones import zone_of

MACHINES = ("bot", "crawler", "spider", "barracuda", "mimecast", "proofpoint", "preview", "scanner")
RESPONSES = {
    "Email Opened": "email",
    "Email Link Clicked": "email",
    "SMS Link Clicked": "sms",
    "Push Notification Tapped": "push",
}
TELLS = {
    "Email Delivered": "delivered",
    "SMS Delivered": "delivered",
    "Push Notification Received": "delivered",
    "Email Opened": "opens",
    "Email Link Clicked": "clicks",
    "SMS Link Clicked": "clicks",
    "Push Notification Tapped": "clicks",
    "Email Bounced": "bounces",
    "SMS Failed": "bounces",
    "Push Notification Bounced": "bounces",
    "Unsubscribed": "unsubscribes",
    "Email Marked as Spam": "unsubscribes",
}
"""What an event tells of the message that it names."""


@dataclass
class Sent:
    """A message that went out. `abandonment` is what it reminded of, None for one about anything else.

    `told`: what is known to have become of it. `row`: the decision to send it, `topic` its campaign's.
    """

    at: int
    channel: str
    message_id: str
    campaign_id: str
    step: str
    ref: str
    abandonment: tuple[str, int] | None
    told: set[str] = field(default_factory=set)
    row: dict[str, Any] = field(default_factory=dict)
    trigger: Any = None
    to: str = ""
    topic: str | None = None


@dataclass
class Reach:
    """What is known about reaching one customer. Each with the time at which it was said."""

    contacts: dict[str, tuple[int, str]] = field(default_factory=dict)
    consent: dict[str, tuple[int, bool]] = field(default_factory=dict)
    bounced: dict[str, tuple[int, str]] = field(default_factory=dict)
    soft: dict[str, tuple[int, str, list[int]]] = field(default_factory=dict)
    zone: tuple[int, str] | None = None
    language: tuple[int, str] | None = None
    place: tuple[int, float, float] | None = None
    traits: dict[str, Any] = field(default_factory=dict)
    engaged: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    sent: list[Sent] = field(default_factory=list)
    reminders: list[Sent] = field(default_factory=list)
    arms: dict[str, str] = field(default_factory=dict)
    both_arms: set[str] = field(default_factory=set)

    def message(self, message_id: str | None) -> Sent | None:
        """The message of this id, if this customer had it."""
        return next((sent for sent in self.sent if sent.message_id == message_id), None)

    def contact(self, campaigns: Campaigns, channel: str, now: int) -> str | None:
        """Where to write to on a channel; None where there is nothing, or it has not been seen for too long."""
        if channel == "broadcast":
            near = campaigns.nearest(*self.place[1:]) if self.place else None
            return near[0].billboards[0] if near and near[0].billboards else None
        known = self.contacts.get(channel) or (self.contacts.get("email") if channel == "ads" else None)
        if known is None or now - known[0] > campaigns.stale_after.get(channel, now):
            return None
        return known[1]

    def allowed(self, campaigns: Campaigns, channel: str, campaign: Campaign) -> bool:
        """Consent to a channel, and on it to the campaign's topic."""
        if channel in self.bounced and self.contacts.get(channel, self.bounced[channel])[1] == self.bounced[channel][1]:
            return False
        said = self.consent.get(channel)
        if not (said[1] if said else campaigns.opt_out):
            return False
        topic = campaign.topic
        topics = (f"{channel}:{topic}", f"*:{topic}") if topic else ()
        return all(self.consent.get(key, (0, True))[1] for key in topics)

    # ------------------------------------------------------------------ learning

    def learn(self, event: Fact, campaigns: Campaigns) -> set[str]:
        """All that an event says of the above. Returns the keys of the consent that it withdraws."""
        withdrawn = self.heard(event)
        for identifier in reversed(event.identifiers):
            if (channel := CONTACTS.get(identifier.type)) is not None:
                self.contacts[channel] = (event.time, identifier.value)
        zone = event.context.get("timezone")
        if readable_zone(zone):
            self.zone = (event.time, zone)
        if (language := language_of(event)) is not None:
            self.language = (event.time, language)
        if (place := place_of(event, campaigns)) is not None:
            self.place = (event.time, *place)
        if event.type == "identify":
            self.traits |= event.traits
        return withdrawn

    def heard(self, event: Fact) -> set[str]:
        """What an event says of consent and bounces. Returns the keys of the consent that it withdraws."""
        name = event.name if event.type == "track" else ""
        arrived = ARRIVED.get(name, "")
        if arrived in self.soft and named(event).get(arrived, self.soft[arrived][1]) == self.soft[arrived][1]:
            del self.soft[arrived]
        if name in BOUNCES:
            self.bounce(event, BOUNCES[name])
        withdrawn = set()
        for word in said(event, self.traits):
            self.consent[word.key] = (event.time, word.yes)
            if not word.yes:
                withdrawn.add(word.key)
            elif word.topic is None:
                self.bounced.pop(word.channel, None)
                self.soft.pop(word.channel, None)
        return withdrawn

    def bounce(self, event: Fact, channel: str) -> None:
        """Nothing arrives at an address: for good, or the fifth time in a row within at least three days."""
        address = named(event).get(channel) or self.contacts.get(channel, (0, ""))[1]
        if not address:
            return
        if not for_good(event.properties):
            _, before, times = self.soft.get(channel, (0, address, []))
            times = [*times, event.time] if before == address else [event.time]
            self.soft[channel] = (event.time, address, times)
            if len(times) < 5 or times[-1] - times[0] < 3 * DAY:
                return
        self.soft.pop(channel, None)
        self.bounced[channel] = (event.time, address)

    def died(self, event: Fact) -> tuple[str, str] | None:
        """The channel and the address that an event, heard just now, has shown to be dead."""
        channel = BOUNCES.get(event.name, "") if event.type == "track" else ""
        at, address = self.bounced.get(channel, (None, ""))
        return (channel, address) if at == event.time else None

    def absorb(self, loser: Reach) -> None:
        """Two customers are one: the newest contact points and places, the strictest consent, all counts together."""
        for channel, contact in loser.contacts.items():
            if channel not in self.contacts or contact[0] > self.contacts[channel][0]:
                self.contacts[channel] = contact
        for key, (at, allowed) in loser.consent.items():
            mine = self.consent.get(key, (at, allowed))
            self.consent[key] = (max(at, mine[0]), allowed and mine[1])
        for channel, bounced in loser.bounced.items():
            self.bounced[channel] = newest(self.bounced.get(channel), bounced)
        for channel, soft in loser.soft.items():
            self.soft[channel] = newest(self.soft.get(channel), soft)
        self.zone = newest(self.zone, loser.zone)
        self.language = newest(self.language, loser.language)
        self.place = newest(self.place, loser.place)
        self.traits = loser.traits | self.traits
        self.engaged += loser.engaged
        self.hours += loser.hours
        self.sent += loser.sent
        self.reminders += loser.reminders
        self.both_arms |= loser.both_arms


def newest(mine: Any, theirs: Any) -> Any:
    """Of two things with their times the newer one."""
    return theirs if theirs and (mine is None or theirs[0] > mine[0]) else mine


def readable_zone(name: Any) -> bool:
    """Whether it names a time zone."""
    return zone_of(name) is not None


def language_of(event: Fact) -> str | None:
    """The two letters of a language that an event names."""
    for name in (event.context.get("locale"), event.traits.get("language"), event.traits.get("locale")):
        if isinstance(name, str) and re.match(r"[A-Za-z]{2}", name.strip()):
            return name.strip()[:2].lower()
    return None


def place_of(event: Fact, campaigns: Campaigns) -> tuple[float, float] | None:
    """Where the customer is: the coordinates of an event, or those of the store that it names."""
    here = coordinates(event)
    if here is None and (named := text(event.properties.get("store_id"))) is not None:
        store = next((store for store in campaigns.stores if store.id == named), None)
        return (store.latitude, store.longitude) if store else None
    return here


def coordinates(event: Fact) -> tuple[float, float] | None:
    """Latitude and longitude on an event."""
    for place in (event.context.get("location"), event.properties):
        if isinstance(place, dict):
            north = degrees(place, ("latitude", "lat"), 90)
            east = degrees(place, ("longitude", "lon", "lng"), 180)
            if north is not None and east is not None:
                return north, east
    return None


def degrees(place: dict[str, Any], names: tuple[str, ...], most: int) -> float | None:
    """An angle, where it is one."""
    for name in names:
        value = place.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                angle = float(value)
            except ValueError:
                continue
            if -most <= angle <= most:
                return angle
    return None


def is_machine(event: Fact) -> bool:
    """Whether a program, not a person, opened or clicked."""
    if event.properties.get("machine") is True:
        return True
    agents = [a for a in (event.context.get("userAgent"), event.properties.get("user_agent")) if isinstance(a, str)]
    return any(a.strip() == "Mozilla/5.0" or any(word in a.lower() for word in MACHINES) for a in agents)


def followed(event: Fact) -> str | None:
    """The message whose link led to this page."""
    page = event.context.get("page")
    urls = [page.get("url"), page.get("search")] if isinstance(page, dict) else []
    for url in (*urls, event.properties.get("url")):
        if isinstance(url, str) and (found := re.search(r"[?&]wb_mid=([0-9a-f]{32})(?![0-9a-f])", url)):
            return found[1]
    return None
