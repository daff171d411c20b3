"""The campaigns file as the oracle reads it: what is asked when a step is decided, and the keyed draws."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import yaml

from tests.oracle.message_names import Names
from tests.oracle.zones import zone_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
UNITS = {"s": 1000, "m": MINUTE, "h": HOUR, "d": DAY}
EARTH = 6_371_008.8
"""Mean radius in metres (IUGG)."""
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@lru_cache(maxsize=16)
def parsed(text: str) -> dict[str, Any]:
    """A campaigns file, read; several ask for the same one."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}  # noqa: S506 - safe, both of them


def milliseconds(text: Any) -> int:
    """`20h` in milliseconds."""
    number, unit = re.fullmatch(r"(\d+)\s*([smhd])", str(text).strip()).groups()
    return int(number) * UNITS[unit]


def share(text: Any) -> Fraction:
    """`10%` or 0.1 as a fraction of one."""
    text = str(text).strip()
    return Fraction(text[:-1]) / 100 if text.endswith("%") else Fraction(text)


def local(at: int, zone: str) -> datetime:
    """A time as the clocks of a zone show it. Raises ValueError where no zone has this name."""
    if (rules := zone_of(zone)) is None:
        raise ValueError(f"no zone {zone}")
    return (EPOCH + timedelta(milliseconds=at)).astimezone(rules)


@dataclass(frozen=True)
class Step:
    """One step of a campaign. `place` is its place in the file."""

    id: str
    place: int
    after: int
    channels: tuple[str, ...]
    pick: str
    best_hour: bool
    unless_engaged: bool
    condition: str | None
    template: str
    variants: dict[str, int]


@dataclass(frozen=True)
class Campaign:
    """One campaign. `on` is its trigger's type, `asks` the trigger's parameters."""

    id: str
    place: int
    on: str
    asks: dict[str, Any]
    priority: int
    topic: str | None
    transactional: bool
    holdout: Fraction
    reentry: str | int
    exit_on: frozenset[str]
    offer: dict[str, Any] | None
    steps: tuple[Step, ...]
    audience: dict[str, Any] = field(default_factory=dict)

    @property
    def min_value(self) -> float:
        """What the trigger must be worth."""
        return float(self.asks.get("min_value", 0))

    @property
    def valid_for(self) -> int:
        """For how long an offer is good."""
        return milliseconds(self.offer.get("valid_for", "14d"))


@dataclass(frozen=True)
class Store:
    """A store of the stores file."""

    id: str
    latitude: float
    longitude: float
    words: dict[str, Any] = field(default_factory=dict)
    billboards: tuple[str, ...] = ()


class Campaigns:
    """The campaigns file: `text` is its YAML. `stores`, `templates` and `rates` are what lies beside it."""

    def __init__(
        self, text: str, secret: str, stores: Iterable[Mapping[str, Any]] = (), templates: Mapping[str, str] = {},
        rates: Mapping[str, Any] = {},
    ) -> None:  # fmt: skip
        file = parsed(text)
        self.key = blake2b(secret.encode(), digest_size=32, person=b"winback-arm").digest()
        self.names = Names(secret)
        self.timezone = file.get("timezone", "UTC")
        self.language = file.get("language", "en")
        self.quiet = file.get("quiet_hours")
        self.caps = {
            scope: [(rule["limit"], milliseconds(rule["per"])) for rule in rules]
            for scope, rules in (file.get("caps") or {}).items()
        }
        self.order_grace = milliseconds(file.get("order_grace", "30m"))
        self.opt_out = (file.get("consent") or {}).get("default", "opt_out") == "opt_out"
        self.control = share(file.get("control_group", 0))
        self.stale_after = {channel: milliseconds(for_) for channel, for_ in (file.get("stale_after") or {}).items()}
        self.machine = 1000 * file.get("machine_seconds", 10)
        self.message_ttl = milliseconds(file.get("message_ttl", "24h"))
        self.sms_segments = file.get("sms_segments", 3)
        self.stores = [read_store(entry) for entry in stores] if file.get("stores") else []
        self.rates = rates if file.get("rates") else {}
        self.templates = templates
        self.campaigns = [read_campaign(place, entry) for place, entry in enumerate(file.get("campaigns") or ())]
        self.by_id = {campaign.id: campaign for campaign in self.campaigns}
        self.segments = file.get("segments") or []

    def on(self, *types: str) -> list[Campaign]:
        """The campaigns of these triggers, in the order of the file."""
        return [campaign for campaign in self.campaigns if campaign.on in types]

    # ------------------------------------------------------------------ draws

    def draw(self, purpose: str, profile_id: str, campaign_id: str) -> Fraction:
        """A number in [0, 1) that is always the same for this profile and campaign."""
        digest = blake2b(f"{purpose}|{profile_id}|{campaign_id}".encode(), digest_size=8, key=self.key).digest()
        return Fraction(int.from_bytes(digest, "big"), 2**64)

    def arm(self, profile_id: str, campaign: Campaign) -> str:
        """Control or treatment: of all campaigns, or of this one."""
        if campaign.transactional:
            return "treatment"
        if self.draw("control", profile_id, "*") < self.control:
            return "control"
        return "control" if self.draw("holdout", profile_id, campaign.id) < campaign.holdout else "treatment"

    def control_share(self, campaign: Campaign) -> float:
        """The chance of `arm` to say control: not drawn by neither of two draws."""
        if campaign.transactional:
            return 0.0
        return float(1 - (1 - Fraction(self.control)) * (1 - Fraction(campaign.holdout)))

    def variant(self, profile_id: str, campaign: Campaign, step: Step) -> str | None:
        """The variant whose slice of the weights the profile falls into."""
        at = self.draw("variant", profile_id, campaign.id) * sum(step.variants.values())
        for name, weight in step.variants.items():
            at -= weight
            if at < 0:
                return name
        return None

    def code(self, profile_id: str, campaign: Campaign, nth: int) -> str:
        """The code of an offer, the first one number 0: 40 bits in Crockford's base 32."""
        what = f"offer{nth}" if nth else "offer"
        digest = blake2b(f"{what}|{profile_id}|{campaign.id}".encode(), digest_size=5, key=self.key).digest()
        number = int.from_bytes(digest, "big")
        letters = "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(8)))
        return f"{campaign.offer['prefix']}-{letters}"

    # ------------------------------------------------------------------ time

    def quiet_until(self, zone: str | None, now: int) -> int | None:
        """The end of the quiet hours that `now` falls into, or None."""
        if not self.quiet:
            return None
        start, end = time.fromisoformat(self.quiet["from"]), time.fromisoformat(self.quiet["to"])

        def inside(at: int) -> bool:
            clock = local(at, zone or self.timezone).time()
            return start <= clock < end if start <= end else clock >= start or clock < end

        if not inside(now):
            return None
        # Quiet hours end on a minute, wherever clocks leap and however often they show it.
        at = now // MINUTE * MINUTE + MINUTE
        while inside(at):
            at += MINUTE
        return at

    def next_quiet(self, zone: str | None, now: int, before: int) -> tuple[int, int] | None:
        """When quiet hours begin and end that begin first after `now`, and before another time; None without any."""
        at = now // MINUTE * MINUTE + MINUTE
        while self.quiet and at < before and at < now + 2 * DAY:
            if (until := self.quiet_until(zone, at)) is not None:
                return at, until
            at += MINUTE
        return None

    def next_hour(self, zone: str | None, hour: int, now: int) -> int:
        """When this hour of the day begins next, at or after `now`, where the customer is."""
        at = -(-now // (15 * MINUTE)) * 15 * MINUTE
        while True:
            here = local(at, zone or self.timezone)
            if (here.hour, here.minute) == (hour, 0):
                return at
            at += 15 * MINUTE

    # ------------------------------------------------------------------ space

    def nearest(self, latitude: float, longitude: float) -> tuple[Store, float] | None:
        """The nearest store and how far it is, in metres."""
        far = [(distance(latitude, longitude, s.latitude, s.longitude), n, s) for n, s in enumerate(self.stores)]
        return (min(far)[2], min(far)[0]) if far else None


def distance(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Metres between two points of the globe (haversine)."""
    a, b = math.radians(lat1), math.radians(lat2)
    high, wide = math.sin((b - a) / 2), math.sin(math.radians(lon2 - lon1) / 2)
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(high * high + math.cos(a) * math.cos(b) * wide * wide)))


def metres(text: Any) -> float:
    """`500m`, `2km` or a number, in metres."""
    text = str(text).strip()
    if text.endswith("km"):
        return float(text[:-2]) * 1000
    return float(text.removesuffix("m"))


def read_store(entry: Mapping[str, Any]) -> Store:
    """One entry of the stores file."""
    words = {word: entry.get(word) for word in ("name", "address", "city", "url")}
    return Store(entry["id"], entry["latitude"], entry["longitude"], words, tuple(entry.get("billboards") or ()))


def read_campaign(place: int, entry: dict[str, Any]) -> Campaign:
    """One entry of `campaigns`."""
    # YAML 1.1 reads the bare key `on` as true.
    trigger = {"on" if key is True else key: value for key, value in entry["trigger"].items()}
    reentry = entry.get("reentry", "always")
    return Campaign(
        id=entry["id"],
        place=place,
        on=trigger.pop("on"),
        asks=trigger,
        priority=entry.get("priority", 0),
        topic=entry.get("topic"),
        transactional=entry.get("transactional", False),
        holdout=share(entry.get("holdout", 0)),
        reentry=reentry if reentry in {"always", "never"} else milliseconds(reentry),
        exit_on=frozenset(entry.get("exit_on", ("order_completed", "cart_emptied", "unsubscribed"))),
        offer=entry.get("offer"),
        steps=tuple(read_step(n, step) for n, step in enumerate(entry["steps"])),
        audience=entry.get("audience") or {},
    )


def read_step(place: int, entry: dict[str, Any]) -> Step:
    """One entry of `steps`."""
    pick = entry["channel"]
    return Step(
        id=entry["id"],
        place=place,
        after=milliseconds(entry.get("after", "0m")),
        channels=tuple(entry["of"]) if pick in {"best", "other"} else (pick,),
        pick=pick,
        best_hour=entry.get("hour") == "best",
        unless_engaged=entry.get("unless") == "engaged",
        condition=entry.get("if"),
        template=entry["template"],
        variants=entry.get("variants") or {},
    )
