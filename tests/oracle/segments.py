"""Segments as the oracle sees them: a rule is read anew from the file each time, and every moment is looked at.

What is remembered of a customer is a plain list of what happened; when time alone may change something is every time
that is remembered plus every duration that the file names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.oracle.campaigns import milliseconds
from tests.oracle.cart import items_of
from tests.oracle.outcome import iso
from tests.oracle.reach import TELLS
from tests.oracle.reading import Fact, text
from tests.oracle.triggers import Trigger
from tests.oracle.zones import zone_of

if TYPE_CHECKING:
    from tests.oracle.profile import Profile
    from tests.oracle.walk import Walk

THINGS = {
    "anonymous_id", "device_id", "push_token", "advertising_id", "order_id", "cart_id", "checkout_id", "ga_client_id",
}  # fmt: skip


class Act(NamedTuple):
    """Something that a segment counts: when, what (`seen`, `left`, `viewed`, `bought`, `person`), and of what."""

    at: int
    what: str
    of: str = ""
    order: str = ""


@dataclass
class Membership:
    """What is known of one customer for segments. `asked` and `nth`: the last moment looked at, and changes in it."""

    first: int | None = None
    acts: list[Act] = field(default_factory=list)
    members: dict[str, int] = field(default_factory=dict)
    asked: int = -1
    nth: int = 0
    due: int | None = None
    fresh: bool = False
    told: dict[str, Any] = field(default_factory=dict)


def leaves(rule: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The conditions of a rule."""
    for name, value in rule.items():
        if name in {"all", "any", "not"}:
            for one in value if isinstance(value, list) else [value]:
                yield from leaves(one)
        else:
            yield name, value


def asked_for(segments: Iterable[dict[str, Any]]) -> set[tuple[str, str]]:
    """(what, of) of the acts that a file asks for."""
    names = {"seen_on": "seen", "carts_abandoned": "left", "viewed": "viewed", "bought": "bought", "known": "person"}
    found = set()
    for segment in segments:
        for name, value in leaves(segment["rule"]):
            of = ""
            if name == "seen_on":
                of = value["channel"]
            elif name in {"viewed", "bought"}:
                of = thing("category", value["category"]) if "category" in value else thing("product", value["product"])
            if name in names:
                found.add((names[name], of))
    return found


def thing(kind: str, name: Any) -> str:
    """A product or a category by its name."""
    return f"{kind} {str(name).strip().casefold()}"


def named(items: Iterable[dict[str, Any]], *, products: bool) -> set[str]:
    """All that items name."""
    found = set()
    for item in items:
        for kind, key in (("category", "category"), ("product", "product_id"), ("product", "sku")):
            said = item.get(key)
            if not isinstance(said, bool) and text(said) and (products or kind == "category"):
                found.add(thing(kind, text(said)))
    return found


def acts_of(event: Fact, *, fetched: bool, bought: str | None) -> Iterator[Act]:
    """What an event is for segments. `bought`: the purchase that it is."""
    track = event.name if event.type == "track" else ""
    if event.identifiers and track not in TELLS and event.identifiers[0].type not in THINGS:
        yield Act(event.time, "person")
    if not fetched:
        yield Act(event.time, "seen", event.channel)
        if track == "Product Viewed":
            for one in named(items_of(event.properties), products=True):
                yield Act(event.time, "viewed", one)
        if track == "Product List Viewed":
            for one in named([event.properties], products=False):
                yield Act(event.time, "viewed", one)
    if bought is not None:
        products = event.properties.get("products")
        items = [item for item in (products if isinstance(products, list) else ()) if isinstance(item, dict)]
        for one in named(items, products=True):
            yield Act(event.time, "bought", one, bought)


class Segmenting:
    """The segments of a `Walk`, which is to have the rest."""

    def learn_of(self: Walk, p: Profile, acts: Iterable[Act]) -> None:
        """Remember what segments ask for."""
        wanted = asked_for(self.campaigns.segments)
        p.membership.acts += [act for act in acts if (act.what, act.of) in wanted]

    def assess(self: Walk, p: Profile, at: int, reason: str) -> None:
        """Which segments a customer is in, now that something has happened or time has passed."""
        known = p.membership
        if known.first is None:
            return
        if at > known.asked:
            known.asked, known.nth = at, 0
        at = known.asked
        holding = [s["id"] for s in self.campaigns.segments if self.is_so(p, s["rule"], at)]
        for segment in [one for one in known.members if one not in holding]:
            self.membership(p, segment, "left", at, reason, known.members.pop(segment))
        entered = [one for one in holding if one not in known.members]
        for segment in entered:
            known.members[segment] = at
            nth = self.membership(p, segment, "entered", at, reason, at)
            if reason != "campaigns":
                self.start(p, [
                    (campaign, Trigger("segment_entered", at, at, f"segment:{segment}:{at}:{nth}",
                                       about={"segment": segment}))
                    for campaign in self.campaigns.on("segment_entered") if campaign.asks["segment"] == segment
                ])  # fmt: skip
        self.advertise(p, at)
        known.due = min((one for one in self.moments(p) if one > at), default=None)

    def membership(self: Walk, p: Profile, segment: str, change: str, at: int, reason: str, since: int) -> int:
        """A row of segments.membership; its number in this moment."""
        nth = p.membership.nth
        p.membership.nth += 1
        self.out.memberships.append({
            "profile_id": p.id, "segment": segment, "change": change, "at": iso(at), "nth": nth, "reason": reason,
            "since": iso(since),
        })  # fmt: skip
        return nth

    def switch_segments(self: Walk, p: Profile, at: int) -> None:
        """Other segments hold: what nobody asks for any more is forgotten."""
        wanted = asked_for(self.campaigns.segments)
        p.membership.acts = [act for act in p.membership.acts if (act.what, act.of) in wanted]
        self.assess(p, at, "campaigns")

    def merge_segments(self: Walk, winner: Profile, loser: Profile, at: int) -> None:
        """Two customers are one: the one that is no more is in no segment."""
        mine, theirs = winner.membership, loser.membership
        mine.fresh = mine.first is None
        mine.first = min((one for one in (mine.first, theirs.first) if one is not None), default=None)
        mine.acts = sorted([*mine.acts, *theirs.acts])
        if max(at, theirs.asked) > mine.asked:
            mine.asked, mine.nth = max(at, theirs.asked), 0
        if theirs.members and at > theirs.asked:
            theirs.asked, theirs.nth = at, 0
        for segment, since in theirs.members.items():
            self.membership(loser, segment, "left", theirs.asked, "merge", since)
        self.no_more(loser)

    def merged_segments(self: Walk, p: Profile, at: int) -> None:
        """They are one, and the sales are theirs: who had not been seen is looked at with the event that links them."""
        if p.membership.fresh and p.membership.first is not None:
            p.membership.due = at + 1
        else:
            self.assess(p, at, "merge")

    def moments(self: Walk, p: Profile) -> Iterator[int]:
        """Whenever time alone may change something: all that is remembered, and all durations of the file."""
        times = {act.at for act in p.membership.acts} | {sale.at for sale in p.orders.values()}
        times |= {point[0] for point in p.reach.contacts.values()}
        times |= {one for one in (p.last_order, p.last_activity, p.membership.first) if one is not None}
        lengths = {stale + 1 for stale in self.campaigns.stale_after.values()}
        for segment in self.campaigns.segments:
            for _, value in leaves(segment["rule"]):
                if isinstance(value, dict):
                    for name in ("within", "older_than", "younger_than"):
                        lengths |= {milliseconds(value[name])} if name in value else set()
        return (time + length for time in times for length in lengths)

    def is_so(self: Walk, p: Profile, rule: dict[str, Any], now: int) -> bool:
        """Whether a rule holds of a customer."""
        [(name, value)] = rule.items()
        if name == "all":
            return all(self.is_so(p, one, now) for one in value)
        if name == "any":
            return any(self.is_so(p, one, now) for one in value)
        if name == "not":
            return not self.is_so(p, value, now)
        return getattr(self, f"_{name}")(p, value, now)

    # ------------------------------------------------------------------ conditions

    def _counted(self: Walk, p: Profile, value: dict[str, Any], now: int) -> list[Any]:
        """The orders of the last so many days that stand."""
        since = now - milliseconds(value["within"]) if "within" in value else -1
        return [
            sale for order_id, sale in p.orders.items()
            if sale.completed and sale.cancelled_at is None and self.counts(p, order_id) and sale.at > since
        ]  # fmt: skip

    def _orders(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        return bounded(value, len(self._counted(p, value, now)))

    def _revenue(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        worth = Decimal(0)
        for sale in self._counted(p, value, now):
            if (sale.currency or "").upper() == value["currency"].upper():
                _, revenue, refunds = sale.stands()
                worth += revenue - refunds
        return Decimal(str(value.get("at_least", worth))) <= worth <= Decimal(str(value.get("at_most", worth)))

    def _last_order(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        return aged(value, p.last_order, now)

    def _last_activity(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        return aged(value, p.last_activity, now)

    def _first_seen(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        return aged(value, p.membership.first, now)

    def _acts(self: Walk, p: Profile, what: str, of: str, value: dict[str, Any], now: int) -> list[Act]:
        since = now - milliseconds(value["within"]) if "within" in value else -1
        return [act for act in p.membership.acts if (act.what, act.of) == (what, of) and act.at > since]

    def _seen_on(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        return bool(self._acts(p, "seen", value["channel"], value, now))

    def _carts_abandoned(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        return bounded(value, len(self._acts(p, "left", "", value, now)))

    def _viewed(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        kind = "category" if "category" in value else "product"
        return bounded(value, len(self._acts(p, "viewed", thing(kind, value[kind]), value, now)))

    def _bought(self: Walk, p: Profile, value: dict[str, Any], now: int) -> bool:
        kind = "category" if "category" in value else "product"
        orders = {act.order for act in self._acts(p, "bought", thing(kind, value[kind]), {}, now)}
        counted = self._counted(p, value, now)
        return bounded(value, sum(sale.order_id in orders for sale in counted))

    def _trait(self: Walk, p: Profile, value: dict[str, Any], _now: int) -> bool:
        known = p.reach.traits.get(value["name"])
        if "exists" in value:
            return (known is not None) == value["exists"]
        if "is" in value or "in" in value:
            return any(kind(known) == kind(one) and known == one for one in value.get("in", [value.get("is")]))
        if kind(known) != "number":
            return False
        return value.get("at_least", known) <= known <= value.get("at_most", known)

    def _country(self: Walk, p: Profile, value: list[str], _now: int) -> bool:
        given, address = p.reach.traits.get("country"), p.reach.traits.get("address")
        if not (isinstance(given, str) and given.strip()):
            given = address.get("country") if isinstance(address, dict) else None
        return isinstance(given, str) and given.strip().casefold() in {one.casefold() for one in value}

    def _language(self: Walk, p: Profile, value: list[str], _now: int) -> bool:
        return self.judge.language(p) in value

    def _zone(self: Walk, p: Profile, value: list[str], _now: int) -> bool:
        return zone_of(self.judge.zone(p)) in [zone_of(one) for one in value]

    def _consent(self: Walk, p: Profile, value: dict[str, Any], _now: int) -> bool:
        channel, topic = value["channel"], value.get("topic", "").strip().lower()
        dead = p.reach.bounced.get(channel)
        if dead and p.reach.address(channel, dead[1]) == dead[1]:
            return False
        said = p.reach.consent.get(channel)
        agreed = said[1] if said else self.campaigns.opt_out
        topics = (f"{channel}:{topic}", f"*:{topic}") if topic else ()
        return agreed and all(p.reach.consent.get(key, (0, True))[1] for key in topics)

    def _contact(self: Walk, p: Profile, value: str, now: int) -> bool:
        return p.reach.contact(self.campaigns, value, now) is not None

    def _known(self: Walk, p: Profile, value: bool, now: int) -> bool:
        told = bool(self._acts(p, "person", "", {}, now)) or bool({"email", "sms"} & set(p.reach.contacts))
        return told == value


def kind(value: Any) -> str:
    """What type a value is of: numbers are of one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value).__name__
    return "number"


def bounded(value: dict[str, Any], count: int) -> bool:
    """Whether so many are neither too few nor too many; one is enough where nothing is said."""
    least = value.get("at_least", 0 if "at_most" in value else 1)
    return least <= count <= value.get("at_most", count)


def aged(value: dict[str, Any], at: int | None, now: int) -> bool:
    """Whether something is so old."""
    if at is None:
        return False
    old = now - at
    older = "older_than" not in value or old >= milliseconds(value["older_than"])
    return older and ("younger_than" not in value or old < milliseconds(value["younger_than"]))
