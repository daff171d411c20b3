"""What must hold when somebody asks for splits and erasures in the middle of a run: clusters, tombstones, receipts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.events import DeadLetter, Reader
from schemas.identifiers import Hasher, Identifier
from schemas.record import Record
from schemas.topics import (
    CART_TRANSITIONS,
    CHANNEL_TOPICS,
    CONVERSIONS,
    IDENTITY_ASSIGNMENTS,
    IDENTITY_MERGES,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    STITCHED_EVENTS,
)
from streams.core.protocol.ports import MAX_TIME
from streams.core.protocol.state_keys import PENDING, PROFILE
from tests.oracle.compare import milliseconds, rows_of, stitched_row
from tests.oracle.consistent import consistent
from tests.oracle.identity import Graph, Key
from tests.oracle.run import SECRET
from tests.simulation.invariants import Topics, distinct
from tests.simulation.plan import Plan

STATES = (PROFILE, PENDING)
PERSONAL = (STITCHED_EVENTS, CART_TRANSITIONS, RETARGETING_MESSAGES, RETARGETING_DECISIONS, CONVERSIONS)
"""Topics whose records a profile id is the key of."""


@dataclass
class Act:
    """A request when identify read it: up to when it is good, in ms, and whom an erasure was of."""

    notice: dict[str, Any]
    cut_at: int
    gone: set[Identifier]


Place = tuple[str, int]
"""A profile of the oracle, and how often another has become part of it."""


class Log:
    """identity.links read again as identify reads it, with the oracle's graph in the place of its own."""

    def __init__(self, records: Iterable[Record], plan: Plan, known: dict[str, Identifier]) -> None:
        self.graph = Graph(Hasher(SECRET))
        self.acts: list[Act] = []
        self.receipts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.places: dict[tuple[str, int, int], Place] = {}
        self._known = known
        self._changes: Counter[str] = Counter()
        self._applied: set[Key] = set()
        self._feedback = feedback(plan)
        self._waiting: list[tuple[Key, list[Identifier], int, int]] = alone(plan)
        self._reached = 0
        self.late = False
        """Whether a link came later than its time had been reached: it counts when identify gets to it."""
        self._sources = [(topic, p) for topic in CHANNEL_TOPICS for p in range(plan.partitions)]
        self._watermarks: dict[tuple[str, int], int] = {}
        self._positions: dict[tuple[str, int], int] = {}
        self._ends: dict[tuple[str, int], int] = {}
        for record in records:
            self._read(orjson.loads(record.value or b""))
            self._apply()

    def _read(self, notice: dict[str, Any]) -> None:
        match notice["k"]:
            case "links":
                for time, offset, identifiers, previous, weak in notice["links"]:
                    key = (time, notice["topic"], notice["partition"], offset)
                    self.late = self.late or time < self._reached
                    self._waiting.append((key, [self._known[hashed] for _, hashed in identifiers], previous, weak))
            case "report":
                for topic, partition, watermark, position in notice["sources"]:
                    source = topic, partition
                    self._watermarks[source] = max(watermark or 0, self._watermarks.get(source, 0))
                    self._positions[source] = max(position, self._positions.get(source, 0))
                self._reached = max(self._reached, self._bound())
            case "end":
                self._ends = {(topic, partition): offset for topic, partition, offset in notice["positions"]}
                self._reached = max(self._reached, self._bound())
            case "split" | "erase":
                self._act(notice)
            case "receipt":
                self.receipts[notice["request"]].append(notice)

    def _bound(self) -> int:
        """The least of the sources' watermarks; infinity for one that has come to its end."""
        if any(source not in self._positions for source in self._sources):
            return 0
        return min(
            MAX_TIME if source in self._ends and self._positions[source] >= self._ends[source]
            else self._watermarks[source]
            for source in self._sources
        )  # fmt: skip

    def _apply(self) -> None:
        """The links that the sources have passed, in event-time order; each event has its place after its own."""
        due = sorted((link for link in self._waiting if link[0] < (self._reached,)), key=lambda link: link[0])
        if due:
            self._waiting = [link for link in self._waiting if link[0] >= (self._reached,)]
        for key, one, previous, weak in due:
            own = len(one) - previous
            for change in self.graph.link(one[:own], one[own:], key, weak=weak):
                if change.refused is None:
                    self._changes[change.winner] += 1
            if key not in self._applied and key[1:] not in self._feedback:
                # An ingest worker that was killed sends its last links again, perhaps long after their time.
                self._applied.add(key)
                owner = self.graph.profile_of(one[0])
                self.places[key[1:]] = owner, self._changes[owner]

    def _act(self, notice: dict[str, Any]) -> None:
        cut_at = notice["now"] if self._reached == MAX_TIME else max(notice["now"], self._reached)
        identifier, key = self._known[notice["id"]], (cut_at + 1,)
        gone = set()
        if notice["k"] == "split":
            self.graph.cut(identifier, key)
        else:
            gone = self.graph.erase(identifier, key)
        self.acts.append(Act(notice, cut_at, gone))
        # What was due before may have taken effect before or after the request.
        self.places.clear()


def alone(plan: Plan) -> list[tuple[Key, list[Identifier], int, int]]:
    """The events that name one identifier, and so are on no log of links."""
    reader, found = Reader("US"), []
    for record in plan.records:
        event = reader.read(record)
        if not isinstance(event, DeadLetter) and len(event.identifiers) == 1 and not event.previous:
            found.append(((event.time, event.topic, event.partition, event.offset), list(event.identifiers), 0, 0))
    return found


def feedback(plan: Plan) -> set[tuple[int | str, ...]]:
    """Where the events are that a message's profile has, whoever they name."""
    events = [Reader("US").read(record) for record in plan.records]
    return {(e.topic, e.partition, e.offset) for e in events if not isinstance(e, DeadLetter) and e.about}


def names(plan: Plan) -> dict[str, Identifier]:
    """Identifiers of the run by their hash."""
    hasher, reader = Hasher(SECRET), Reader("US")
    found = {request.identifier for request in plan.requests}
    for record in plan.records:
        event = reader.read(record)
        if not isinstance(event, DeadLetter):
            found |= {*event.identifiers, *event.previous}
    return {hasher(*i): i for i in found}


def requested(plan: Plan, links: Iterable[Record], topics: Topics, state: Iterable[bytes]) -> Iterator[str]:
    """Everything that is wrong with what came of the requests.

    `links`: the log of identity.links. `topics`: all that was ever written. `state`: the keys of the journeys' state.
    """
    known = names(plan)
    log = Log(links, plan, known)
    acts = log.acts
    if plan.exact or not log.late:
        # Late links wait for the end of a stop, and are taken in event-time order then: perhaps another than here.
        yield from _clusters(log.graph, known, topics)
    if plan.exact:
        yield from _in_place(log, topics)
        yield from _in_order(topics)
        rows = (CART_TRANSITIONS, RETARGETING_DECISIONS, RETARGETING_MESSAGES, CONVERSIONS)
        yield from consistent(*(rows_of(topics, topic) for topic in rows))
    yield from _receipts(log, acts)
    yield from _moments(acts, topics)
    yield from _forgotten(acts, log, topics, list(state))
    yield from _not_back(acts, topics)
    yield from _each_once(plan, acts, topics)


def _clusters(graph: Graph, known: dict[str, Identifier], topics: Topics) -> Iterator[str]:
    """Clusters by the last assignments against the oracle's."""
    last: dict[str, dict[str, Any]] = {}
    for key, value in distinct(topics[IDENTITY_ASSIGNMENTS]):
        row = orjson.loads(value or b"")
        before = last.setdefault((key or b"").decode(), row)
        if row["version"] > before["version"]:
            last[(key or b"").decode()] = row
    clusters = defaultdict(set)
    for hashed, row in last.items():
        if row["profile_id"] is not None:
            clusters[row["profile_id"]].add(known[hashed])
    found = {frozenset(c) for c in clusters.values() if len(c) > 1}
    for text, some in (("missing", graph.clusters() - found), ("not wanted", found - graph.clusters())):
        yield from (f"clusters: {text} {' '.join(sorted(i.value for i in c))}" for c in some)


def _in_place(log: Log, topics: Topics) -> Iterator[str]:
    """Events from after the last request are together in one profile where the oracle has them so, and only there."""
    found: dict[Place, set[str]] = defaultdict(set)
    for row in rows_of(topics, STITCHED_EVENTS):
        profile_id, _, _, _, source = stitched_row(row)
        if source in log.places:
            found[log.places[source]].add(profile_id)
    yield from (f"place: {place} is {sorted(ids)}" for place, ids in found.items() if len(ids) > 1)
    last = {owner: ids for (owner, _), ids in sorted(found.items()) if log.graph.members.get(owner)}
    holders = Counter(profile_id for ids in last.values() for profile_id in ids)
    yield from (f"place: {profile_id} is {count} profiles" for profile_id, count in holders.items() if count > 1)


def _in_order(topics: Topics) -> Iterator[str]:
    """Nothing is late, and the events of a profile come in event-time order."""
    last: dict[str, int] = {}
    for row in rows_of(topics, STITCHED_EVENTS):
        profile_id, message_id, time, _, _ = stitched_row(row)
        if row["late"]:
            yield f"late: {message_id} of {profile_id}"
        if time < last.get(profile_id, 0):
            yield f"out of order: {message_id} of {profile_id}"
        last[profile_id] = time


def _receipts(log: Log, acts: list[Act]) -> Iterator[str]:
    """Of identify to each request, the same each time; of each journey that was told."""
    for act in acts:
        request = act.notice["request"]
        answers = list({orjson.dumps(r): r for r in log.receipts[request]}.values())
        own = [r for r in answers if r["agent"] == "identify"]
        if len(own) != 1:
            yield f"request {request}: {len(own)} receipts of identify"
            continue
        told = set(own[0]["profiles"])
        answered = [r["profile"] for r in answers if r["agent"] == "journey"]
        # A profile that is divided among several says of each what went there.
        if told != set(answered) or (act.notice["k"] == "erase" and len(answered) != len(told)):
            yield f"request {request}: told {sorted(told)}, answered {sorted(answered)}"


def _moments(acts: list[Act], topics: Topics) -> Iterator[str]:
    """The rows of identity.merges say when identify acted."""
    rows = rows_of(topics, IDENTITY_MERGES)
    times = {milliseconds(row["merged_at"]) for row in rows if row["reason"] in {"split", "split_history", "erased"}}
    wrong = times - {act.cut_at for act in acts}
    if wrong:
        yield f"rows at {sorted(wrong)}, requests at {[act.cut_at for act in acts]}"


def _forgotten(acts: list[Act], log: Log, topics: Topics, state: list[bytes]) -> Iterator[str]:
    """Of an erased profile there is no state, and after its last tombstone no record; and there is a tombstone.

    After a split a former id may stand for the erased person, while others, who once merged under it, still wait there
    for their merge: then only the person's own events count.
    """
    hasher, split = Hasher(SECRET), False
    for act in acts:
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
                elif any(not split or (topic == STITCHED_EVENTS and _head(value) in gone) for value in after):
                    yield f"erased {profile_id}: {topic} ends with {after[-1:]}"
            kept = [key for key in state if key[:1] in STATES and bytes.fromhex(profile_id) == key[1:17]]
            if kept and not split:
                yield f"erased {profile_id}: state {kept}"


def _head(value: bytes | None) -> str | None:
    """The hash of the strongest identifier of a stitched event."""
    identifiers = orjson.loads(value or b"")["identifiers"]
    return Hasher(SECRET)(identifiers[0]["type"], identifiers[0]["value"]) if identifiers else None


def _not_back(acts: list[Act], topics: Topics) -> Iterator[str]:
    """No event from before an erasure is under an id that one of the erased identifiers got after it."""
    hasher = Hasher(SECRET)
    owners: dict[str, dict[int, tuple[str | None, int]]] = defaultdict(dict)
    for key, value in distinct(topics[IDENTITY_ASSIGNMENTS]):
        row = orjson.loads(value or b"")
        erased = milliseconds(row["erased_at"]) if row["profile_id"] is None else -1
        owners[(key or b"").decode()][row["version"]] = row["profile_id"] or row.get("next_profile_id"), erased
    rows = [(stitched_row(row), _head(orjson.dumps(row))) for row in rows_of(topics, STITCHED_EVENTS)]
    for act in acts:
        for hashed in (hasher(*i) for i in act.gone):
            versions = sorted(owners[hashed].items())
            when = next((version for version, (_, erased) in versions if erased >= act.cut_at), None)
            if when is None:
                yield f"erased {hashed}: no assignment says so"
                continue
            before = {profile_id for version, (profile_id, _) in versions if version < when}
            after = {profile_id for version, (profile_id, _) in versions if version >= when} - before
            for (profile_id, message_id, time, _, _), head in rows:
                if head == hashed and profile_id in after and time <= act.cut_at:
                    yield f"erased {hashed}: {message_id} is back under {profile_id}"


def _each_once(plan: Plan, acts: list[Act], topics: Topics) -> Iterator[str]:
    """An event that is not stitched is a repeat, or of somebody who was erased later than it, or of their message."""
    sources, times = set(), defaultdict(list)
    for row in rows_of(topics, STITCHED_EVENTS):
        _, message_id, time, _, source = stitched_row(row)
        sources.add(source)
        times[message_id].append(time)
    reader = Reader("US")
    for record in plan.records:
        event = reader.read(record)
        if isinstance(event, DeadLetter) or (event.topic, event.partition, event.offset) in sources:
            continue
        if any(abs(event.time - time) < 24 * 3600 * 1000 for time in times[event.message_id]):
            continue
        if not any(event.time <= act.cut_at or event.about for act in acts if act.gone):
            yield f"lost: {event.topic}[{event.partition}]@{event.offset} {event.message_id}"
