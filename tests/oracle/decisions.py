"""Campaigns: the file, what a pending step decides at its time, and what an order is credited to."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import yaml

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
CREDIT_WINDOW = 7 * UNITS["d"]
ENGAGEMENT = {
    "Email Opened": "email",
    "Email Link Clicked": "email",
    "SMS Link Clicked": "sms",
    "Push Notification Tapped": "push",
}


def milliseconds(text: Any) -> int:
    """`20h` in milliseconds."""
    number, unit = re.fullmatch(r"(\d+)\s*([smhd])", str(text).strip()).groups()
    return int(number) * UNITS[unit]


@dataclass(frozen=True)
class Campaign:
    """One campaign with its one step."""

    id: str
    trigger: str
    min_value: float
    holdout: Fraction
    step: str
    after: int
    channels: tuple[str, ...]
    best: bool
    variants: dict[str, Any]


class Campaigns:
    """The campaigns file: `text` is its YAML."""

    def __init__(self, text: str, secret: str) -> None:
        file = yaml.safe_load(text) or {}
        self.key = blake2b(secret.encode(), digest_size=32, person=b"winback-arm").digest()
        self.timezone = file.get("timezone", "UTC")
        self.quiet = file.get("quiet_hours")
        self.caps = {
            scope: [(rule["limit"], milliseconds(rule["per"])) for rule in rules]
            for scope, rules in (file.get("caps") or {}).items()
        }
        self.opt_out = (file.get("consent") or {}).get("default", "opt_out") == "opt_out"
        self.campaigns = [read_campaign(entry) for entry in file.get("campaigns") or ()]

    def share(self, purpose: str, profile_id: str, campaign: Campaign) -> Fraction:
        """A number in [0, 1) that is always the same for this profile and campaign."""
        digest = blake2b(f"{purpose}|{profile_id}|{campaign.id}".encode(), digest_size=8, key=self.key).digest()
        return Fraction(int.from_bytes(digest, "big"), 2**64)

    def arm(self, profile_id: str, campaign: Campaign) -> str:
        """Control or treatment."""
        return "control" if self.share("holdout", profile_id, campaign) < campaign.holdout else "treatment"

    def variant(self, profile_id: str, campaign: Campaign) -> str | None:
        """The variant whose slice of the weights the profile falls into."""
        at = self.share("variant", profile_id, campaign) * sum(campaign.variants.values())
        for name, weight in campaign.variants.items():
            at -= weight
            if at < 0:
                return name
        return None

    def capped(self, channel: str, sent: list[Sent], now: int) -> bool:
        """Whether one more message on this channel now would be one too many."""
        for scope in ("global", channel):
            times = [s.at for s in sent if scope in {"global", s.channel}]
            for limit, per in self.caps.get(scope, ()):
                if sum(now - per < at <= now for at in times) >= limit:
                    return True
        return False

    def quiet_until(self, zone: str | None, now: int) -> int | None:
        """The end of the quiet hours that `now` falls into, or None."""
        if not self.quiet:
            return None
        start, end = time.fromisoformat(self.quiet["from"]), time.fromisoformat(self.quiet["to"])
        local = (EPOCH + timedelta(milliseconds=now)).astimezone(ZoneInfo(zone or self.timezone))
        clock = local.time()
        inside = start <= clock < end if start <= end else clock >= start or clock < end
        if not inside:
            return None
        day = local.date()
        while True:
            ends = datetime.combine(day, end, tzinfo=local.tzinfo)
            at = (ends.astimezone(UTC) - EPOCH) // timedelta(milliseconds=1)
            if at > now:
                return at
            day += timedelta(days=1)


def read_campaign(entry: dict[str, Any]) -> Campaign:
    """One entry of `campaigns`."""
    # YAML 1.1 reads the bare key `on` as true.
    trigger = {"on" if key is True else key: value for key, value in entry["trigger"].items()}
    (step,) = entry["steps"]
    best = step["channel"] == "best"
    return Campaign(
        id=entry["id"],
        trigger=trigger["on"],
        min_value=trigger.get("min_value", 0),
        holdout=Fraction(str(entry.get("holdout", "0%")).rstrip("% ")) / 100,
        step=step["id"],
        after=milliseconds(step.get("after", "0m")),
        channels=tuple(step["of"]) if best else (step["channel"],),
        best=best,
        variants=step.get("variants") or {},
    )


@dataclass(frozen=True)
class Sent:
    """A message that went out, and the abandonment that it was about."""

    at: int
    channel: str
    abandonment: tuple[int, str, int]
    campaign_id: str
    step: str
    message_id: str


@dataclass
class Pending:
    """A step that waits for its time. `rows` counts the decisions made about it so far."""

    due: int
    order: int
    campaign: Campaign
    cart_id: str
    abandoned_at: int
    abandonment_no: int
    rows: int = 0

    def message_id(self, profile_id: str) -> str:
        """The name of the message, sent or not."""
        return digest(self.base(profile_id))

    def decision_id(self, profile_id: str) -> str:
        """The name of the next decision about it."""
        return digest(f"{self.base(profile_id)}|{self.rows}")

    def base(self, profile_id: str) -> str:
        """What the message is about."""
        return f"{profile_id}|{self.campaign.id}|{self.cart_id}|{self.abandonment_no}|{self.campaign.step}"


@dataclass
class Reach:
    """What is known about reaching one customer."""

    contacts: dict[str, tuple[int, str]] = field(default_factory=dict)
    consent: dict[str, tuple[int, bool]] = field(default_factory=dict)
    zone: tuple[int, str] | None = None
    engaged: Counter[str] = field(default_factory=Counter)
    sent: list[Sent] = field(default_factory=list)
    credited: set[tuple[int, str, int]] = field(default_factory=set)
    arms: dict[str, str] = field(default_factory=dict)
    both_arms: set[str] = field(default_factory=set)


def decide(campaigns: Campaigns, reach: Reach, campaign: Campaign, arm: str, now: int) -> tuple[str, str | None, Any]:
    """(outcome, reason, channel or the time to ask again) of a step at `now` (ruling 13, in its order of checks)."""
    channels = [c for c in campaign.channels if c in reach.contacts]
    if not channels:
        return "suppressed", "no_contact", None
    channels = [c for c in channels if reach.consent.get(c, (0, campaigns.opt_out))[1]]
    if not channels:
        return "suppressed", "no_consent", None
    channels = [c for c in channels if not campaigns.capped(c, reach.sent, now)]
    if not channels:
        return "suppressed", "capped", None
    until = campaigns.quiet_until(reach.zone[1] if reach.zone else None, now)
    if until is not None:
        return "deferred", "quiet_hours", until
    if campaign.id in reach.both_arms:
        return "suppressed", "contaminated", None
    reach.arms[campaign.id] = arm
    if arm == "control":
        return "held_out", None, None
    sent = Counter(s.channel for s in reach.sent)
    # max keeps the first of equals, which is the order of `of`.
    return "sent", None, max(channels, key=lambda c: Fraction(reach.engaged[c] + 1, sent[c] + 10))


def credit(reach: Reach, now: int) -> Sent | None:
    """The first message of the latest abandonment that an order at `now` is credited to (ruling 17)."""
    first: dict[tuple[int, str, int], Sent] = {}
    for sent in sorted(reach.sent, key=lambda s: s.at):
        first.setdefault(sent.abandonment, sent)
    won = [a for a, s in first.items() if a not in reach.credited and now - CREDIT_WINDOW <= s.at <= now]
    if not won:
        return None
    latest = max(won)
    reach.credited |= {a for a in first if a[0] <= latest[0]}
    return first[latest]


def merge_reach(winner: Reach, loser: Reach) -> None:
    """Two customers are one: the newest contact points and zone, the strictest consent, everything counted together."""
    for channel, contact in loser.contacts.items():
        if channel not in winner.contacts or contact[0] > winner.contacts[channel][0]:
            winner.contacts[channel] = contact
    for channel, (at, allowed) in loser.consent.items():
        mine = winner.consent.get(channel, (at, allowed))
        winner.consent[channel] = (max(at, mine[0]), allowed and mine[1])
    if loser.zone and (winner.zone is None or loser.zone[0] > winner.zone[0]):
        winner.zone = loser.zone
    winner.engaged += loser.engaged
    winner.sent += loser.sent
    winner.credited |= loser.credited
    winner.both_arms |= loser.both_arms


def digest(text: str) -> str:
    """32 hex digits that stand for a text."""
    return blake2b(text.encode(), digest_size=16).hexdigest()
