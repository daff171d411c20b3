"""identity.links as identify reads it: whom the requests of a run were of, and whose each event is behind them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from schemas.events import DeadLetter
from schemas.identifiers import Hasher, Identifier
from schemas.message_ids import MessageIds, SentTo
from schemas.orders import CORRECTS, SELLS
from schemas.record import Record
from schemas.topics import CHANNEL_TOPICS
from streams.core.protocol.ports import MAX_TIME
from tests.oracle.claims import Claims, Theirs
from tests.oracle.identity import PURCHASE, Change, Graph, Key
from tests.oracle.reading import reader
from tests.oracle.run import SECRET
from tests.simulation.plan import Plan

Source = tuple[str, int, int]
"""Topic, partition and offset of a raw record."""
Waiting = tuple[Key, list[Identifier], int, int, str, int]
"""A link: its key, who is named, how many of them are previous ones, how many weak, and what it confirms."""
Place = tuple[str, int]
"""A profile of the oracle, and how often another has become part of it."""


@dataclass
class Act:
    """A request when identify read it: up to when it is good, in ms, and whom an erasure was of.

    `theirs`: events of the profile, also of devices that have left it since.
    """

    notice: dict[str, Any]
    cut_at: int
    gone: set[Identifier]
    theirs: set[Source]


class Log:
    """identity.links read again as identify reads it, with the oracle's graph in the place of its own."""

    def __init__(self, records: Iterable[Record], plan: Plan, known: dict[str, Identifier]) -> None:
        self.graph = Graph(Hasher(SECRET))
        self._claims = Claims(self.graph)
        self.acts: list[Act] = []
        self.receipts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.places: dict[Source, Place] = {}
        self._profiles: dict[Source, tuple[Identifier, set[str]]] = {}
        """Of an event that has had its time: its strongest identifier, and the profiles that may have it by now."""
        self._known = known
        self._changes: Counter[str] = Counter()
        self._applied: set[Key] = set()
        self.feedback = feedback(plan)
        self._waiting: list[Waiting] = alone(plan)
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
                for time, offset, identifiers, previous, weak, confirms, order in notice["links"]:
                    key = (time, notice["topic"], notice["partition"], offset)
                    self.late = self.late or time < self._reached
                    named = [self._known[hashed] for _, hashed in identifiers]
                    self._waiting.append((key, named, previous, weak, confirms, order))
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
        for key, one, previous, weak, confirms, order in due:
            self._fall_due(key)
            own = len(one) - previous
            if key in self._applied:
                # An ingest worker that was killed sends its last links again, perhaps long after their time.
                typed = [i for i in one[own - weak : own] if i.type not in PURCHASE]
                again = [i for i in one[:own] if i not in typed]
                self._learn(
                    self.graph.link(
                        again, one[own:], key, weak=weak - len(typed), sells=order == SELLS, corrects=order == CORRECTS
                    )
                )
                continue
            self._applied.add(key)
            sells, corrects = order == SELLS, order == CORRECTS
            self._learn(self._claims.event(key, one[:own], weak, one[own:], confirms, sells=sells, corrects=corrects))
            self._profiles.setdefault(key[1:], (one[0], {self.graph.profile_of(one[0])}))
            if key[1:] not in self.feedback:
                owner = self.graph.profile_of(one[0])
                self.places[key[1:]] = owner, self._changes[owner]

        self._fall_due((self._reached,))

    def _fall_due(self, upto: Key) -> None:
        """The claims that nothing has replaced before a key."""
        while (claim := self._claims.next()) is not None and claim.due < upto:
            self._learn(self._claims.fall_due(claim))

    def _learn(self, news: Iterable[Change | Theirs]) -> None:
        for change in news:
            if isinstance(change, Change) and change.refused is None:
                self._changes[change.winner] += 1
                for _, profiles in self._profiles.values():
                    if change.loser in profiles:
                        profiles.discard(change.loser)
                        profiles.add(change.winner)

    def _act(self, notice: dict[str, Any]) -> None:
        cut_at = notice["now"] if self._reached == MAX_TIME else max(notice["now"], self._reached)
        identifier, key = self._known[notice["id"]], (cut_at + 1,)
        gone, theirs = set(), set()
        if notice["k"] == "split":
            self._cut(identifier, key)
        else:
            profile = self.graph.profile_of(identifier)
            gone = self.graph.erase(identifier, key)
            self._claims.drop(gone)
            theirs = {source for source, (_, profiles) in self._profiles.items() if profile in profiles}
        self.acts.append(Act(notice, cut_at, gone, theirs))
        # What was due before may have taken effect before or after the request.
        self.places.clear()

    def _cut(self, identifier: Identifier, key: Key) -> None:
        """An event goes where its strongest identifier goes, or with any part if that one had left before."""
        graph = self.graph
        before = {profile: set(members) for profile, members in graph.members.items()}
        lone = {head: graph.profile_of(head) for head, _ in self._profiles.values() if head not in graph.owner}
        graph.cut(identifier, key)
        self._claims.drop({identifier})
        for source, (head, profiles) in self._profiles.items():
            parts: set[str] = set()
            for profile in profiles:
                members = before.get(profile, set())
                if head in members or lone.get(head) == profile:
                    parts.add(graph.profile_of(head))
                else:
                    # One without members is an identifier that an earlier cut has left alone.
                    parts |= {graph.profile_of(one) for one in members} or {profile}
            self._profiles[source] = head, parts


def alone(plan: Plan) -> list[Waiting]:
    """The events that name one identifier and say nothing of it but that, and so are on no log of links."""
    read, found = reader().read, []
    for record in plan.records:
        event = read(record)
        if isinstance(event, DeadLetter) or len(event.identifiers) != 1 or event.previous:
            continue
        if event.confirms or event.order:
            continue
        found.append(((event.time, event.topic, event.partition, event.offset), list(event.identifiers), 0, 0, "", 0))
    return found


def feedback(plan: Plan) -> dict[Source, SentTo]:
    """Where the events are that a message's profile has, whoever they name, and whose message it is."""
    found, read, message_ids = {}, reader().read, MessageIds(SECRET)
    for record in plan.records:
        event = read(record)
        if not isinstance(event, DeadLetter) and (sent := message_ids.read(event.about)) is not None:
            found[event.topic, event.partition, event.offset] = sent
    return found


def names(plan: Plan) -> dict[str, Identifier]:
    """Identifiers of the run by their hash."""
    hasher, read = Hasher(SECRET), reader().read
    found = {request.identifier for request in plan.requests}
    for record in plan.records:
        event = read(record)
        if not isinstance(event, DeadLetter):
            found |= {*event.identifiers, *event.previous}
    return {hasher(*i): i for i in found}
