"""What must hold of those who were erased: nothing of them is left, nothing comes back, nobody else lost an event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import orjson

from schemas.events import DeadLetter, Event
from schemas.identifiers import REFERENCES, Hasher
from schemas.topics import (
    AUDIENCES_MEMBERS,
    CART_TRANSITIONS,
    CONVERSIONS,
    DAY_MS,
    DEAD_LETTERS,
    IDENTITY_ASSIGNMENTS,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    SEGMENTS_MEMBERSHIP,
    STITCHED_EVENTS,
)
from streams.core.protocol.state_keys import PENDING, PROFILE
from tests.oracle.compare import milliseconds, rows_of, stitched_row
from tests.oracle.reading import reader
from tests.oracle.run import SECRET
from tests.simulation.invariants import Topics, distinct, place_of
from tests.simulation.links_read import Log
from tests.simulation.plan import Plan

STATES = (PROFILE, PENDING)
PERSONAL = (
    STITCHED_EVENTS, CART_TRANSITIONS, RETARGETING_MESSAGES, RETARGETING_DECISIONS, CONVERSIONS, SEGMENTS_MEMBERSHIP,
)  # fmt: skip
"""Topics whose records a profile id is the key of."""
BY_THE_MESSAGE = 21
"""Days after a message's trigger for which what is said of it goes to the profile that it was decided for."""


def erased(plan: Plan, log: Log, topics: Topics, state: Iterable[bytes]) -> Iterator[str]:
    """Everything that is wrong with what the erasures took. Parameters as of `requested`."""
    yield from _forgotten(log, topics, list(state))
    yield from _not_back(log, topics)
    yield from _of_no_message(log, topics)
    yield from _each_once(plan, log, topics)


def _forgotten(log: Log, topics: Topics, state: list[bytes]) -> Iterator[str]:
    """Of an erased profile there is no state, and after its last tombstone no record; and there is a tombstone.

    After a split a former id may stand for the erased person, while others, who once merged under it, still wait there
    for their merge: then only the person's own events count.
    """
    hasher, split = Hasher(SECRET), False
    for act in log.acts:
        own = [r for r in log.receipts[act.notice["request"]] if r["agent"] == "identify"]
        split = split or (act.notice["k"] == "split" and any(r["found"] for r in own))
        if act.notice["k"] != "erase":
            continue
        gone = {hasher(*i) for i in act.gone}
        for profile_id in sorted({one for r in own for one in r["profiles"]}):
            for topic in PERSONAL:
                values = [r.value for r in topics[topic] if r.key == profile_id.encode()]
                after = values[max((n for n, value in enumerate(values) if value is None), default=-1) + 1 :]
                if None not in values:
                    yield f"erased {profile_id}: {topic} has no tombstone"
                elif any(not split or (topic == STITCHED_EVENTS and _head(value, log) in gone) for value in after):
                    yield f"erased {profile_id}: {topic} ends with {after[-1:]}"
            told = {r.key: r.value for r in topics[AUDIENCES_MEMBERS] if (r.key or b"").startswith(profile_id.encode())}
            if not split and any(value is not None for value in told.values()):
                yield f"erased {profile_id}: still in audiences {told}"
            kept = [key for key in state if key[:1] in STATES and bytes.fromhex(profile_id) == key[1:17]]
            if kept and not split:
                yield f"erased {profile_id}: state {kept}"


def _head(value: bytes | None, log: Log) -> str | None:
    """The hash of the strongest identifier of a stitched event; None where the event is whoever's the message is."""
    row = orjson.loads(value or b"")
    identifiers = row["identifiers"]
    if not identifiers or stitched_row(row)[-1] in log.feedback:
        return None
    return Hasher(SECRET)(identifiers[0]["type"], identifiers[0]["value"])


def _not_back(log: Log, topics: Topics) -> Iterator[str]:
    """No event from before an erasure is under an id that one of the erased identifiers got after it."""
    hasher = Hasher(SECRET)
    owners: dict[str, dict[int, tuple[str | None, int]]] = defaultdict(dict)
    for key, value in distinct(topics[IDENTITY_ASSIGNMENTS]):
        row = orjson.loads(value or b"")
        at = milliseconds(row["erased_at"]) if row["profile_id"] is None else -1
        owners[(key or b"").decode()][row["version"]] = row["profile_id"] or row.get("next_profile_id"), at
    rows = [(stitched_row(row), _head(orjson.dumps(row), log)) for row in rows_of(topics, STITCHED_EVENTS)]
    for act in log.acts:
        for hashed in (hasher(*i) for i in act.gone):
            versions = sorted(owners[hashed].items())
            when = next((version for version, (_, at) in versions if at >= act.cut_at), None)
            if when is None:
                yield f"erased {hashed}: no assignment says so"
                continue
            before = {profile_id for version, (profile_id, _) in versions if version < when}
            after = {profile_id for version, (profile_id, _) in versions if version >= when} - before
            for (profile_id, message_id, time, _, _), head in rows:
                if head == hashed and profile_id in after and time <= act.cut_at:
                    yield f"erased {hashed}: {message_id} is back under {profile_id}"


def _of_no_message(log: Log, topics: Topics) -> Iterator[str]:
    """What is said of a message to an erased profile is nobody else's."""
    gone = erased_profiles(log)
    for row in rows_of(topics, STITCHED_EVENTS):
        profile_id, message_id, time, _, source = stitched_row(row)
        sent = log.feedback.get(source)
        if sent is None or sent.profile.hex() not in gone or sent.age(time) > BY_THE_MESSAGE:
            continue
        if profile_id not in gone:
            yield f"erased {sent.profile.hex()}: {message_id} is about their message, and of {profile_id}"


def _each_once(plan: Plan, log: Log, topics: Topics) -> Iterator[str]:
    """An event that is not stitched is a repeat, a dead letter, or one that an erasure takes."""
    sources, times = set(), defaultdict(list)
    for row in rows_of(topics, STITCHED_EVENTS):
        _, message_id, time, _, source = stitched_row(row)
        sources.add(source)
        times[message_id].append(time)
    sources |= {place_of(record) for record in topics[DEAD_LETTERS]}
    read, gone = reader().read, erased_profiles(log)
    for record in plan.records:
        event = read(record)
        if isinstance(event, DeadLetter) or (event.topic, event.partition, event.offset) in sources:
            continue
        if any(abs(event.time - time) < DAY_MS for time in times[event.message_id]):
            continue
        if not _is_taken(event, log, gone):
            yield f"lost: {event.topic}[{event.partition}]@{event.offset} {event.message_id}"


def _is_taken(event: Event, log: Log, gone: set[str]) -> bool:
    """Whether an event is from before the erasure of somebody it names, or of a profile that was erased."""
    source = event.topic, event.partition, event.offset
    if (sent := log.feedback.get(source)) is not None and sent.profile.hex() in gone:
        return True
    others = (one for one in (*event.identifiers[1:], *event.previous) if one.type not in REFERENCES)
    named = {*event.identifiers[:1], *others}
    return any(event.time <= act.cut_at and (named & act.gone or source in act.theirs) for act in log.acts)


def erased_profiles(log: Log) -> set[str]:
    """The profiles that erasures were of, their former ids among them."""
    return {
        profile_id
        for act in log.acts
        if act.gone
        for receipt in log.receipts[act.notice["request"]]
        if receipt["agent"] == "identify"
        for profile_id in receipt["profiles"]
    }
