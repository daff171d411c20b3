"""How one customer can be reached: contact points, consent, zone, language, place, and what came of messages."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemas.identifiers import Identifier
from tests.oracle.campaigns import DAY, Campaign, Campaigns
from tests.oracle.consent import ARRIVED, BOUNCES, CONTACTS, for_good, named, said
from tests.oracle.reading import Fact, text
from tests.oracle.zones import zone_of

OWN = {"web", "app", "marketplace", "messenger"}
"""Where the customer's own machine speaks."""
MACHINES = ("bot", "crawler", "spider", "barracuda", "mimecast", "proofpoint", "preview", "scanner")
MESSENGERS = {"whatsapp", "viber", "telegram"}
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
class Click:
    """A click on a message; `hour` in which it counted as a response, None if it does not count."""

    at: int
    link: str
    hour: int | None


@dataclass
class Sent:
    """A message that went out. `abandonment` is what it reminded of, None for one about anything else.

    `told`: what is known to have become of it. `row`: the decision to send it, `topic` its campaign's; `to`: the
    address; `delivered` and `clicks`: when; `followed`: something is decided of what a click on it has set off.
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
    delivered: int | None = None
    clicks: list[Click] = field(default_factory=list)
    deal: bool = False
    followed: bool = False


@dataclass
class Reach:
    """What is known about reaching one customer. Each with the time at which it was said."""

    points: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    device_of: dict[str, str] = field(default_factory=dict)
    consent: dict[str, tuple[int, bool]] = field(default_factory=dict)
    own_yes: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    """Of a yes: when, and the address that it was about."""
    bounced: dict[str, tuple[int, str]] = field(default_factory=dict)
    complained: set[str] = field(default_factory=set)
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
    away: set[Identifier] = field(default_factory=set)
    """Addresses that were typed and are not this customer's: refused, or replaced by another."""

    def message(self, message_id: str | None) -> Sent | None:
        """The message of this id, if this customer had it."""
        return next((sent for sent in self.sent if sent.message_id == message_id), None)

    def went(self, event: Fact, channel: str) -> str | None:
        """Where the message went that feedback is about, on this channel."""
        known = event.type == "track" and event.name in TELLS and self.message(event.properties.get("message_id"))
        return known.to if known and known.channel == channel else None

    def contact(self, campaigns: Campaigns, channel: str, now: int) -> str | None:
        """Where to write to on a channel; None where there is nothing, or it has not been seen for too long."""
        if channel == "broadcast":
            near = campaigns.nearest(*self.place[1:]) if self.place else None
            return near[0].billboards[0] if near and near[0].billboards else None
        known = self.newest_point(channel) or (self.newest_point("email") if channel == "ads" else None)
        if known is None or now - known[0] > campaigns.stale_after.get(channel, now):
            return None
        return known[1]

    def allowed(self, campaigns: Campaigns, channel: str, campaign: Campaign) -> bool:
        """Consent to a channel, and on it to the campaign's topic."""
        if channel in self.bounced and self.address(channel, self.bounced[channel][1]) == self.bounced[channel][1]:
            return False
        if campaign.transactional:
            return channel not in self.complained
        said = self.consent.get(channel)
        if not (said[1] if said else campaigns.opt_out):
            return False
        topic = campaign.topic
        topics = (f"{channel}:{topic}", f"*:{topic}") if topic else ()
        return all(self.consent.get(key, (0, True))[1] for key in topics)

    # ------------------------------------------------------------------ learning

    @property
    def contacts(self) -> dict[str, tuple[int, str]]:
        """The newest address of each channel, and when it was given last."""
        return {channel: points[0] for channel, points in self.points.items() if points}

    def newest_point(self, channel: str) -> tuple[int, str] | None:
        """When an address was given last, and which."""
        return self.points[channel][0] if self.points.get(channel) else None

    def address(self, channel: str, default: str = "") -> str:
        """The address of a channel."""
        known = self.newest_point(channel)
        return known[1] if known else default

    def meet(self, channel: str, points: list[tuple[int, str]]) -> None:
        """More addresses of a channel: five are remembered, the newest first, each once."""
        left: dict[str, int] = {}
        for at, value in sorted([*points, *self.points.get(channel, [])], key=lambda point: -point[0]):
            left.setdefault(value, at)
        self.points[channel] = [(at, value) for value, at in left.items()][:5]

    def lose(self, identifier: Identifier) -> set[tuple[str, str]]:
        """An address, or the device that it is on, is somebody else's from now on: (channel, address) of each."""
        gone = {
            (channel, value)
            for channel, points in self.points.items()
            for _, value in points
            if (CONTACTS.get(identifier.type), identifier.value) == (channel, value)
            or (identifier.type == "device_id" and self.device_of.get(value) == identifier.value)
        }
        for channel, value in gone:
            self.points[channel] = [point for point in self.points[channel] if point[1] != value]
            self.device_of.pop(value, None)
        return gone

    def learn(self, event: Fact, strangers: set[Identifier]) -> set[str]:
        """All that an event says of the above. Returns the keys of the consent that it withdraws.

        `strangers`: those of its identifiers that are somebody else's.
        """
        withdrawn = self.heard(event)
        given = {}
        for identifier in event.identifiers:
            if identifier.type in CONTACTS and is_given(event, identifier) and identifier not in strangers:
                given.setdefault(CONTACTS[identifier.type], identifier.value)
        device = next((one.value for one in event.identifiers if one.type == "device_id"), None)
        for channel, value in given.items():
            self.meet(channel, [(event.time, value)])
            if device and channel in {"push", "ads"}:
                self.device_of[value] = device
        talks = [
            f"{one.type}:{one.value}"
            for one in event.identifiers
            if one.type in MESSENGERS and is_given(event, one) and one not in strangers
        ]
        if event.channel == "messenger" and "sms" in given:
            talks.append(f"phone:{given['sms']}")
        if talks:
            self.meet("messenger", [(event.time, talks[0])])
        zone = event.context.get("timezone")
        if event.channel in OWN and readable_zone(zone):
            self.zone = (event.time, zone)
        if (language := language_of(event)) is not None:
            self.language = (event.time, language)
        if event.type == "identify":
            self.traits |= event.traits
        return withdrawn

    def go(self, event: Fact, campaigns: Campaigns) -> None:
        """Be where an event is that no machine has made, if it says where that is."""
        if (place := place_of(event, campaigns)) is not None:
            self.place = (event.time, *place)

    def heard(self, event: Fact) -> set[str]:
        """What an event says of consent and bounces. Returns the keys of the consent that it withdraws."""
        name = event.name if event.type == "track" else ""
        texted = event.channel != "messenger"
        arrived = ARRIVED.get(name, "") if texted else ""
        if arrived in self.soft:
            where = named(event).get(arrived) or self.went(event, arrived) or self.soft[arrived][1]
            if where == self.soft[arrived][1]:
                del self.soft[arrived]
        if name in BOUNCES and texted:
            self.bounce(event, BOUNCES[name])
        withdrawn = set()
        for word in said(event, self.traits):
            self.consent[word.key] = (event.time, word.yes)
            self.own_yes.pop(word.key, None)
            if word.yes:
                self.own_yes[word.key] = (event.time, word.address or self.address(word.channel))
            if not word.yes:
                withdrawn.add(word.key)
            elif word.topic is None:
                self.bounced.pop(word.channel, None)
                self.soft.pop(word.channel, None)
                self.complained.discard(word.channel)
        if name == "Email Marked as Spam":
            self.complained.add("email")
        return withdrawn

    def bounce(self, event: Fact, channel: str) -> None:
        """Nothing arrives at an address: for good, or the fifth time in a row within at least three days."""
        address = named(event).get(channel) or self.went(event, channel) or self.address(channel)
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
        texted = event.type == "track" and event.channel != "messenger"
        channel = BOUNCES.get(event.name, "") if texted else ""
        at, address = self.bounced.get(channel, (None, ""))
        return (channel, address) if at == event.time else None

    def absorb(self, loser: Reach) -> None:
        """Two customers are one: the newest contact points and places, the strictest consent, all counts together."""
        for channel, points in loser.points.items():
            self.points[channel], mine = points, self.points.get(channel, [])
            self.meet(channel, mine)
        self.device_of = loser.device_of | self.device_of
        for key, (at, allowed) in loser.consent.items():
            mine = self.consent.get(key, (at, allowed))
            self.consent[key] = (max(at, mine[0]), allowed and mine[1])
        yes = {
            key: newest(self.own_yes.get(key), loser.own_yes.get(key)) for key, said in self.consent.items() if said[1]
        }
        self.own_yes = {key: said for key, said in yes.items() if said is not None}
        self.complained |= loser.complained
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
        self.away |= loser.away


def is_given(event: Fact, identifier: Identifier) -> bool:
    """Whether the customer gave an address by this event."""
    if event.type == "track" and event.name in TELLS:
        return False
    if identifier.type in {"push_token", "advertising_id"}:
        return event.channel in OWN
    if event.type != "identify" and event.channel not in OWN | {"store", "callcenter"}:
        return False
    said = event.properties
    name = "email" if identifier.type == "email" else "phone"
    return not (said.get("gift") is True and said.get(name) and not event.traits.get(name))


def newest(mine: Any, theirs: Any) -> Any:
    """Of two things with their times the newer one."""
    return theirs if theirs and (mine is None or theirs[0] > mine[0]) else mine


def readable_zone(name: Any) -> bool:
    """Whether it names a time zone."""
    return zone_of(name) is not None


def language_of(event: Fact) -> str | None:
    """The two letters of a language that an event names."""
    machine = event.context.get("locale") if event.channel in OWN else None
    if event.channel not in OWN and event.type != "identify":
        return None
    for name in (machine, event.traits.get("language"), event.traits.get("locale")):
        if isinstance(name, str) and re.match(r"[A-Za-z]{2}", name.strip()):
            tag = name.strip().lower().replace("_", "-")
            if tag.split("-")[:2] in (["zh", "hant"], ["zh", "tw"], ["zh", "hk"]):
                return "zh-Hant"
            if tag.split("-")[:2] in (["zh", "hans"], ["zh", "cn"]):
                return "zh-Hans"
            return tag[:2]
    return None


def place_of(event: Fact, campaigns: Campaigns) -> tuple[float, float] | None:
    """Where the customer is: the coordinates of an event, or those of the store that it names."""
    if event.channel not in OWN | {"store"}:
        return None
    here = coordinates(event)
    if here is None and (named := text(event.properties.get("store_id"))) is not None:
        store = next((store for store in campaigns.stores if store.id == named), None)
        return (store.latitude, store.longitude) if store else None
    return here


def coordinates(event: Fact) -> tuple[float, float] | None:
    """Latitude and longitude of the customer's own machine, on an event."""
    if event.channel not in OWN:
        return None
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


def link_of(event: Fact) -> str:
    """What was clicked on."""
    page = event.context.get("page")
    return text(event.properties.get("link") or event.properties.get("url") or (page or {}).get("url")) or ""


def followed(event: Fact) -> str | None:
    """The message whose link led to this page."""
    page = event.context.get("page")
    urls = [page.get("url"), page.get("search")] if isinstance(page, dict) else []
    for url in (*urls, event.properties.get("url")):
        if isinstance(url, str) and (found := re.search(r"[?&]wb_mid=([0-9a-v]{48})(?![0-9a-v])", url)):
            return found[1]
    return None
