"""What a shop is promised of messages: said of the written records alone, without the oracle.

Nobody who has bought is written to, nobody who said no, nobody too often or at night; every entry of a campaign comes
to one end a step, and what was put off comes back. Time is event time. Where an event and a decision are of one
millisecond, an event or a link came late, or an event may have waited while a profile was divided, what the decision
knew is left open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from schemas.topics import (
    CART_TRANSITIONS,
)
from tests.oracle.campaigns import Campaigns
from tests.oracle.cells import written
from tests.oracle.compare import milliseconds, rows_of
from tests.oracle.consent import BOUNCES
from tests.oracle.reach import RESPONSES
from tests.oracle.zones import zone_of
from tests.simulation.bought import MINUTE, names_bought
from tests.simulation.invariants import Topics
from tests.simulation.sayings import GIVES, WRITTEN, saying
from tests.simulation.story import Story, told

Row = dict[str, Any]
OWN_MACHINE = {"web", "app", "marketplace", "messenger"}
TELLS = {
    *RESPONSES,
    *BOUNCES,
    "Email Delivered",
    "SMS Delivered",
    "Push Notification Received",
    "Unsubscribed",
    "Email Marked as Spam",
}
CHANNEL_OF = {"email": "email", "phone": "sms", "push_token": "push"}
"""What made-up histories call a channel; any other name is all of them."""


def kept_promises(
    files: Iterable[str], topics: Topics, *, exact: bool, since: Sequence[int] = (), asking: bool = False
) -> Iterator[str]:
    """All promises that were broken, one line each. `exact`: no event came later than the lateness allows.

    `files`: the campaigns that held; `since`: from when on, in ms, each but the first. A timer that is new with the
    later ones may fire at a time when others did, so only what breaks the word of each of them is told. `asking`:
    somebody asked for splits and erasures. What is erased comes to no end, and what waits stays where it was.
    """
    story = told(files, topics, since)
    for message in story.messages:
        if exact and not asking and (broken_promise := to_a_stranger(story, message)):
            yield f"{broken_promise}: {message}"
        if message.get("transactional"):
            continue
        for broken in (without_consent, beyond_caps, at_night):
            found = [broken(story, campaigns, message) for campaigns in story.files]
            if all(found):
                yield f"{found[0]}: {message}"
    yield from to_refused_addresses(story)
    yield from money_twice(story, exact=exact)
    if asking:
        return
    yield from feedback_elsewhere(story)
    if exact:
        yield from spent_codes(story)
        yield from no_buyers(story)
        # With less grace, or none, the shop takes the risk itself.
        if all(campaigns.order_grace >= 30 * MINUTE for campaigns in story.files):
            rows = rows_of(topics, CART_TRANSITIONS)
            for message in story.messages:
                events = story.events_of(message["profile_id"], message["at"])
                yield from names_bought(message, events, story.owned(message), rows)
    yield from one_end_each(story, topics, exact=exact)


def no_buyers(story: Story) -> Iterator[str]:
    """A message to somebody who has ordered since its trigger."""
    for message in (message for message in story.messages if not message.get("transactional")):
        since = milliseconds(message["trigger"]["at"])
        purchases = story.bought(message["profile_id"], message["at"])
        for event in story.events_of(message["profile_id"], message["at"]):
            bought = event["name"] == "Order Completed" and event["message_id"] in purchases
            # A repeat of the order that somebody is thanked for is none.
            thanks = message["trigger"]["type"] == "order_completed"
            if bought and not thanks and since < event["time"] < message["at"]:
                yield f"a message to a buyer: {event['event_time']} {message}"


def to_refused_addresses(story: Story) -> Iterator[str]:
    """A message to an address that has said no, or is dead, whoever had it when it did and whoever has it now.

    Of the no's those on events that name the address, and no yes since: who has said that to what is left open.
    """
    no: dict[tuple[str, str], list[int]] = defaultdict(list)
    yes: list[int] = []
    for event in (event for events in story.events.values() for event in events):
        addresses = {CHANNEL_OF[i["type"]]: i["value"] for i in event["identifiers"] if i["type"] in CHANNEL_OF}
        given = event["properties"]
        kinds = {given.get("bounce_type"), given.get("type"), given.get("status"), given.get("severity")}
        dead = event["name"] == "Email Bounced" and event["type"] == "track" and kinds <= {None, "Permanent"}
        for channel, address in addresses.items():
            said = [] if given.get("topic") else list(saying(event, channel))
            if not event["late"] and (False in said or (dead and channel == "email")):
                no[channel, address].append(event["time"])
        if str(given.get("subscribed")).lower() in GIVES or "email_subscribed" in event["traits"]:
            yes.append(event["time"])
    for message in (message for message in story.messages if not message.get("transactional")):
        at = message["at"]
        since = [time for time in no[message["channel"], message["to"]] if time < at]
        if since and not any(max(since) <= time <= story.reached(message) for time in yes):
            yield f"a message to an address that is nobody's to write to: {message}"


def spent_codes(story: Story) -> Iterator[str]:
    """A code that was given, then redeemed or refused, whoever had it, and then given again."""
    spent = defaultdict(list)
    for event in (event for events in story.events.values() for event in events if not event["late"]):
        for code in named_codes(event):
            spent[code].append(event["time"])
    given: dict[str, int] = {}
    for message in sorted((m for m in story.messages if m["offer"]), key=lambda m: m["at"]):
        code = message["offer"]["code"]
        first = given.setdefault(code, message["at"])
        if any(first < at < message["at"] for at in spent[code]):
            yield f"a spent code: {message}"


def named_codes(event: Row) -> set[str]:
    """The codes on an event that uses or refuses them, as made-up histories name them."""
    said = event["properties"]
    if event["type"] != "track" or event["name"] not in {"Order Completed", "Coupon Applied", "Coupon Denied"}:
        return set()
    products = said.get("products")
    texts = [said.get("coupon"), *(p.get("coupon") for p in (products if isinstance(products, list) else ()))]
    texts += [*(said.get("coupons") or ()), said.get("coupon_id"), said.get("coupon_name")]
    return {text.strip().upper() for text in texts if isinstance(text, str)}


def money_twice(story: Story, *, exact: bool = True) -> Iterator[str]:
    """An order that counts again, whoever reports it, though it was not taken back; refunds above what was paid.

    Where links come late (not `exact`), two profiles that are one in the end may have reported it before they were, and
    an order that was refunded may go to who is known better.
    """
    orders: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in story.conversions:
        # An order without a number is known by its event's id, and that is its profile's own.
        whose = story.families.last(row["profile_id"]) if row["order_id"] == row["message_id"] else ""
        if row["counts"]:
            orders[whose, row["order_id"]].append(row)
    for (_, order_id), rows in orders.items():
        counted = sum(row["orders"] for row in rows)
        sold = {row["profile_id"] for row in rows if row["orders"] > 0 and row["kind"] != "reassigned"}
        again = 0 if exact else len(sold) - len({story.families.last(one) for one in sold})
        # What waits in a profile when it is divided counts where it goes.
        if not 0 <= counted <= 1 + story.families.divided + again:
            told = [(row["profile_id"], row["kind"], row["orders"]) for row in rows]
            yield f"order {order_id} counts {counted} times: {told}"
        # A refund of an order that its profile did not know is not measured by it.
        known = [row for row in rows if row["credits"]]
        refunds, value = sum(row["refunds"] for row in known), sum(row["value"] for row in known)
        # A late link gives an order away of which something else was said before.
        given_away = not exact and any(row["kind"] == "reassigned" for row in rows)
        if round(value, 6) < 0 and not story.families.divided and not given_away:
            yield f"order {order_id} comes to {value}, of which {refunds} was paid back"


def feedback_elsewhere(story: Story) -> Iterator[str]:
    """What became of a message, told of another customer than had it, whoever has the address."""
    had = {message["message_id"]: story.families.last(message["profile_id"]) for message in story.messages}
    for profile_id, events in story.events.items():
        for event in events:
            about = event["properties"].get("message_id")
            told = event["type"] == "track" and event["name"] in TELLS and about in had
            if told and had[about] != story.families.last(profile_id):
                yield f"feedback of a message to {had[about]} is with {profile_id}: {event}"


def without_consent(story: Story, campaigns: Campaigns, message: Row) -> str | None:
    """Whether a message is on a channel, or about a topic, that the customer does not want."""
    campaign = campaigns.by_id.get(message["campaign_id"])
    if campaign is None:
        return None
    channel, topic = message["channel"], campaign.topic
    events = story.heard(message)
    for key in {channel, f"{channel}:{topic}", f"*:{topic}"} if topic else {channel}:
        said = [(event["late"], event["time"], yes) for event in events for yes in saying(event, key)]
        if any(late or time == message["at"] for late, time, _ in said):
            continue
        before = [yes for _, time, yes in said if time < message["at"]]
        # A merge keeps the stricter word: the newest of all may be the weaker one, but if it is no, it is no.
        if (before and not before[-1]) or (not before and key == channel and not campaigns.opt_out):
            return f"a message without consent to {key}"
    return None


def to_a_stranger(story: Story, message: Row) -> str | None:
    """Whether a message goes to an address that the customer never gave, or that somebody else had by then."""
    for at, of, address in story.moved:
        if address == message["to"] and of == message["profile_id"] and at < message["at"]:
            back = [e for e in story.events_of(of, message["at"]) if at < e["time"] and names(e, address)]
            if not back:
                return f"a message to a device that changed hands at {at}"
    if message["channel"] in WRITTEN and not any(
        names(event, message["to"]) and event["time"] <= story.reached(message) for event in story.heard(message)
    ):
        return "a message to an address that the customer never gave"
    return None


def names(event: Row, address: str) -> bool:
    """Whether the customer has given an address by an event."""
    types = {one["type"] for one in event["identifiers"] if one["value"] == address}
    if not types or (event["type"] == "track" and event["name"] in TELLS):
        return False
    if types & {"push_token", "advertising_id"}:
        return event["channel"] in OWN_MACHINE
    return event["type"] == "identify" or event["channel"] in OWN_MACHINE | {"store", "callcenter"}


def beyond_caps(story: Story, campaigns: Campaigns, message: Row) -> str | None:
    """Whether a cap is exceeded in the window that ends with a message, by all that the profile is by then."""
    at = message["at"]
    family = {one: part.known for one, part in story.families.of(message["profile_id"], at).items()}
    theirs = [m for m in story.messages if m["at"] <= at and m["at"] < family.get(m["profile_id"], 0)]
    # What is part of a deal goes out in any case, at the same instant perhaps after this one.
    theirs = [m for m in theirs if m["at"] < at or not m.get("transactional")]
    for scope in ("global", message["channel"]):
        for limit, per in campaigns.caps.get(scope, ()):
            count = sum(at - per < m["at"] and scope in {"global", m["channel"]} for m in theirs)
            if count > limit:
                return f"{count} messages of {scope} in a window of {limit}"
    return None


def at_night(story: Story, campaigns: Campaigns, message: Row) -> str | None:
    """Whether a message is in the quiet hours of every zone that the customer may have been known to be in."""
    if not campaigns.quiet:
        return None
    zones, known = set(), campaigns.timezone
    for event in story.heard(message):
        zone = event["context"].get("timezone") if event["channel"] in OWN_MACHINE else None
        if not isinstance(zone, str) or zone_of(zone) is None:
            continue
        if event["late"] or event["time"] == message["at"]:
            zones.add(zone)
        elif event["time"] < message["at"]:
            known = zone
    quiet = all(campaigns.quiet_until(zone, message["at"]) for zone in {known, *zones})
    return "a message in quiet hours" if quiet else None


def one_end_each(story: Story, topics: Topics, *, exact: bool) -> Iterator[str]:
    """An entry of which a step has come to no end or to several; what was deferred and never came back."""
    ends: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    last: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for row in story.decisions:
        if row["outcome"] == "cancelled" and row["message_id"] is not None:
            continue  # a word on a message that went out before a late order was known
        trigger = row["trigger"]
        entry = (
            row["campaign_id"], trigger["type"], trigger["at"], str(trigger["cart_id"]),
            story.families.last(row["profile_id"]),
        )  # fmt: skip
        deferred = row["outcome"] == "deferred"
        ends[entry][row["step"]] += not deferred
        kind = f"{row['step']} {'deferred' if deferred else 'final'}"
        last[entry][kind] = max(row["decided_at"], last[entry].get(kind, ""))
    entries: Counter[str] = Counter()
    for entry, steps in ends.items():
        entries[entry[0]] += max(steps.values())
        known = [file.by_id[entry[0]] for file in story.files if entry[0] in file.by_id]
        if (
            set(steps) not in [{step.id for step in campaign.steps} for campaign in known]
            or len(set(steps.values())) != 1
            or not all(steps.values())
        ):
            yield f"an entry whose steps did not each come to one end: {entry} {dict(steps)}"
        for step in steps:
            if exact and last[entry].get(f"{step} deferred", "") > last[entry].get(f"{step} final", ""):
                yield f"a step was put off and did not come back: {entry} {step}"
    begun: Counter[str] = Counter()
    for (_, _, campaign, _), count in written(topics, {"campaign_day": {"triggered"}}).items():
        begun[campaign] += round(count)
    if begun != entries:
        yield f"entries {dict(begun)}, of which decisions tell {dict(entries)}"
