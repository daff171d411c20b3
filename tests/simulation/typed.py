"""What is promised of addresses that were only typed: said of the written records alone, without the oracle.

Of what one visitor, an identifier, has typed: what another has replaced never links, what links does so when it is due
or confirmed, and nothing is sent to an address any more that the visitor has replaced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from schemas.events import DeadLetter
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.topics import IDENTITY_MERGES, RETARGETING_MESSAGES, STITCHED_EVENTS
from tests.oracle.compare import milliseconds, rows_of
from tests.oracle.reading import reader
from tests.oracle.run import SECRET
from tests.simulation.invariants import Topics

Row = dict[str, Any]
Named = tuple[str, str]
WAIT = 30 * 60_000 - 1
CLICKS = {"Email Link Clicked", "SMS Link Clicked"}
KINDS = {"email": "email", "phone": "phone", "phone_digits": "phone"}
CHANNELS = {"email": "email", "phone": "sms"}


@dataclass(frozen=True)
class Typed:
    """An address that a visitor has typed, and when; `place`: where that event is among all of its time."""

    time: int
    place: tuple[str, int, int]
    visitor: Named
    address: Named
    profile_id: str


def typed_addresses(records: Iterable[Record], topics: Topics) -> Iterator[str]:
    """All promises that were broken, one line each. `records` are the raw ones, none of which came too late."""
    events = [{**row, "time": milliseconds(row["event_time"])} for row in rows_of(topics, STITCHED_EVENTS)]
    typed = [one for event in events for one in of_event(event)]
    merges = [row for row in rows_of(topics, IDENTITY_MERGES) if "source" in row]
    # A repeat of an event confirms as well, and is on no topic.
    words = [
        event.time
        for event in map(reader().read, records)
        if not isinstance(event, DeadLetter) and (event.confirms or event.name in CLICKS)
    ]
    yield from links(typed, words, merges)
    given = {(one["type"], one["value"]) for e in events for one in e["identifiers"] if not one.get("typed")}
    yield from messages(typed, words, given, merges, rows_of(topics, RETARGETING_MESSAGES))


def place_of(row: Row) -> tuple[str, int, int]:
    """Where the event was read that a row is about."""
    return row["source"]["topic"], row["source"]["partition"], row["source"]["offset"]


def of_event(event: Row) -> Iterator[Typed]:
    """What an event types."""
    named = [(one["type"], one["value"]) for one in event["identifiers"]]
    for one in event["identifiers"]:
        if one.get("typed"):
            yield Typed(event["time"], place_of(event), named[0], (one["type"], one["value"]), event["profile_id"])


def links(typed: list[Typed], words: list[int], merges: list[Row]) -> Iterator[str]:
    """An address that has linked though its visitor has replaced it, or before it was due and unconfirmed."""
    hasher = Hasher(SECRET)
    by_place = {(one.place, hasher(*one.visitor), hasher(*one.address)): one for one in typed}
    for row in merges:
        claim = by_place.get((place_of(row), *row["identifiers"]))
        if claim is None or "refused" in row:
            continue
        at = milliseconds(row["merged_at"])
        if replaced(claim, typed, at) is not None:
            yield f"an address that was replaced has linked: {claim} {row}"
        if at != claim.time + WAIT and at not in words:
            yield f"an address that was only typed has linked at {at}: {claim} {row}"


def messages(
    typed: list[Typed], words: list[int], given: set[Named], merges: list[Row], sent: list[Row]
) -> Iterator[str]:
    """A message to an address that the customer has only typed, and replaced, with nothing that confirms it."""
    linked = {hashed for row in merges if "refused" not in row for hashed in row["identifiers"]}
    hasher = Hasher(SECRET)
    profiles: dict[str, list[Typed]] = defaultdict(list)
    for one in typed:
        profiles[one.profile_id].append(one)
    for message in sent:
        at = milliseconds(message["decided_at"])
        theirs = [
            one for one in profiles[message["profile_id"]]
            if one.time < at and (CHANNELS.get(one.address[0]), one.address[1]) == (message["channel"], message["to"])
        ]  # fmt: skip
        if not theirs or theirs[0].address in given or hasher(*theirs[0].address) in linked:
            continue
        last = max(theirs, key=lambda one: one.time)
        other = replaced(last, typed, at)
        if other is not None and not any(last.time <= word <= other for word in words):
            yield f"a message to an address that was replaced: {last} {message}"


def replaced(claim: Typed, typed: list[Typed], until: int) -> int | None:
    """When the same visitor has typed another address of the kind, in half an hour and before a time."""
    times = (
        other.time for other in typed
        if other.visitor == claim.visitor
        and other.address != claim.address
        and KINDS[other.address[0]] == KINDS[claim.address[0]]
        and claim.time < other.time < min(until, claim.time + WAIT)
    )  # fmt: skip
    return min(times, default=None)
