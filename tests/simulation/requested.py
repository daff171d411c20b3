"""What must hold when somebody asks for splits and erasures in the middle of a run: clusters, order, receipts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from schemas.identifiers import Identifier
from schemas.record import Record
from schemas.topics import (
    CART_TRANSITIONS,
    CONVERSIONS,
    IDENTITY_ASSIGNMENTS,
    IDENTITY_MERGES,
    RETARGETING_DECISIONS,
    RETARGETING_MESSAGES,
    STITCHED_EVENTS,
)
from tests.oracle.compare import milliseconds, rows_of, stitched_row
from tests.oracle.consistent import consistent
from tests.oracle.identity import Graph
from tests.simulation.erased import erased
from tests.simulation.invariants import Topics, distinct
from tests.simulation.links_read import Act, Log, Place, names
from tests.simulation.plan import Plan


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
    yield from erased(plan, log, topics, state)


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
