"""What must hold when somebody asks for splits and erasures in the middle of a run: clusters, tombstones, receipts."""

from __future__ import annotations

from collections import defaultdict
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
from streams.core.task import MAX_TIME
from tests.oracle.compare import milliseconds, rows_of, stitched_row
from tests.oracle.identity import Graph, Key
from tests.oracle.run import SECRET
from tests.simulation.invariants import Topics, distinct
from tests.simulation.plan import Plan

PERSONAL = (STITCHED_EVENTS, CART_TRANSITIONS, RETARGETING_MESSAGES, RETARGETING_DECISIONS, CONVERSIONS)
"""Topics whose records a profile id is the key of."""


@dataclass
class Act:
    """A request when identify read it: `reached` and `cut_at` in ms, and whom an erasure was of."""

    notice: dict[str, Any]
    reached: int
    cut_at: int
    gone: set[Identifier]


class Log:
    """identity.links read again: which links there were, and how far the sources were at each request."""

    def __init__(self, records: Iterable[Record], plan: Plan) -> None:
        self.links: dict[Key, tuple[list[str], int]] = {}
        self.requests: list[tuple[dict[str, Any], int]] = []
        self.receipts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._sources = [(topic, p) for topic in CHANNEL_TOPICS for p in range(plan.partitions)]
        self._watermarks: dict[tuple[str, int], int] = {}
        self._positions: dict[tuple[str, int], int] = {}
        self._ends: dict[tuple[str, int], int] = {}
        for record in records:
            self._read(orjson.loads(record.value or b""))

    def _read(self, notice: dict[str, Any]) -> None:
        match notice["k"]:
            case "links":
                for time, offset, identifiers, previous in notice["links"]:
                    key = (time, notice["topic"], notice["partition"], offset)
                    self.links[key] = [hashed for _, hashed in identifiers], previous
            case "report":
                for topic, partition, watermark, position in notice["sources"]:
                    source = topic, partition
                    self._watermarks[source] = max(watermark or 0, self._watermarks.get(source, 0))
                    self._positions[source] = max(position, self._positions.get(source, 0))
            case "end":
                self._ends = {(topic, partition): offset for topic, partition, offset in notice["positions"]}
            case "split" | "erase":
                self.requests.append((notice, self._bound()))
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


def names(plan: Plan) -> dict[str, Identifier]:
    """Identifiers of the run by their hash."""
    hasher, reader = Hasher(SECRET), Reader("US")
    found = {request.identifier for request in plan.requests}
    for record in plan.records:
        event = reader.read(record)
        if not isinstance(event, DeadLetter):
            found |= {*event.identifiers, *event.previous}
    return {hasher(*i): i for i in found}


def acted(log: Log, known: dict[str, Identifier]) -> tuple[Graph, list[Act]]:
    """The oracle's graph after all links and requests, and what each request was."""
    graph, acts = Graph(Hasher(SECRET)), []
    waiting = sorted(log.links.items())

    def apply(reached: int) -> None:
        while waiting and waiting[0][0] < (reached,):
            key, (hashes, previous) = waiting.pop(0)
            one = [known[h] for h in hashes]
            own = len(one) - previous
            for _ in graph.link(one[:own], one[own:], key):
                pass

    reached = 0
    for notice, bound in log.requests:
        reached = max(reached, bound)
        apply(reached)
        cut_at = notice["now"] if reached == MAX_TIME else max(notice["now"], reached)
        identifier, key = known[notice["id"]], (cut_at + 1,)
        gone = set()
        if notice["k"] == "split":
            graph.cut(identifier, key)
        else:
            gone = graph.erase(identifier, key)
        acts.append(Act(notice, reached, cut_at, gone))
    apply(MAX_TIME + 1)
    return graph, acts


def requested(plan: Plan, links: Iterable[Record], topics: Topics) -> Iterator[str]:
    """Everything that is wrong with what came of the requests. `topics`: all that was ever written."""
    known, log = names(plan), Log(links, plan)
    graph, acts = acted(log, known)
    if plan.exact:
        yield from _clusters(graph, known, topics)
    yield from _receipts(log, acts)
    yield from _moments(acts, topics)
    yield from _forgotten(acts, log, topics)
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
        if told != set(answered) or len(answered) != len(told):
            yield f"request {request}: told {sorted(told)}, answered {sorted(answered)}"


def _moments(acts: list[Act], topics: Topics) -> Iterator[str]:
    """The rows of identity.merges say when identify acted."""
    rows = rows_of(topics, IDENTITY_MERGES)
    times = {milliseconds(row["merged_at"]) for row in rows if row["reason"] in {"split", "split_history", "erased"}}
    wrong = times - {act.cut_at for act in acts}
    if wrong:
        yield f"rows at {sorted(wrong)}, requests at {[act.cut_at for act in acts]}"


def _forgotten(acts: list[Act], log: Log, topics: Topics) -> Iterator[str]:
    """After the last tombstone of an erased profile there is nothing under its id, and there is a tombstone."""
    for act in acts:
        if act.notice["k"] != "erase":
            continue
        for receipt in log.receipts[act.notice["request"]]:
            for profile_id in receipt["profiles"] if receipt["agent"] == "identify" else ():
                for topic in PERSONAL:
                    values = [r.value for r in topics[topic] if r.key == profile_id.encode()]
                    if not values or values[-1] is not None:
                        yield f"erased {profile_id}: {topic} ends with {values[-1:] or 'nothing'}"


def _each_once(plan: Plan, acts: list[Act], topics: Topics) -> Iterator[str]:
    """An event that is not stitched is a repeat, or of somebody who was erased later than it."""
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
        if not any(event.time <= act.cut_at for act in acts if act.gone):
            yield f"lost: {event.topic}[{event.partition}]@{event.offset} {event.message_id}"
