"""A split: one identifier's pairs are taken out of the graph, and those it was joined with are put together anew.

What remains of everything that can be reached from it is run once more, in order, through the same policy. So the
clusters are those of the same events without the pairs that were taken out (contract 8.14 to 8.20).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.identifiers import USER_ID
from schemas.orders import NO_ORDER, SELLS
from streams.core.identity.evidence import Evidence
from streams.core.identity.graph import MADE_ROOM, Graph, Move, next_id
from streams.core.identity.link_history import LinkHistory, Occurrence
from streams.core.protocol.order_key import NOTHING

Pair = tuple[str, str]


@dataclass(slots=True)
class Departure:
    """Identifiers that go from one profile to another; `fresh`: the other is new, so what is known of them goes too."""

    source: str
    target: str
    identifiers: list[str]
    fresh: bool


@dataclass(slots=True)
class Split:
    """What a split has changed: `owners` has the type of each identifier (hash) whose profile changed.

    `retired` are the (loser, winner) of profiles that are wholly another's now, also of who had been joined with
    nobody. `history`: the former ids (id, profile) that stand for another profile than before. `typed`: which
    addresses have only ever been typed now, or not only.
    `beside`: which anonymous ids have come beside one user_id alone now, or have not.
    """

    edges: int = 0
    refused: int = 0
    owners: dict[str, str] = field(default_factory=dict)
    departures: list[Departure] = field(default_factory=list)
    retired: list[Pair] = field(default_factory=list)
    history: list[Pair] = field(default_factory=list)
    clusters: list[tuple[str, int]] = field(default_factory=list)
    no_longer_refused: set[Pair] = field(default_factory=set)
    refused_now: dict[Pair, str] = field(default_factory=dict)
    typed: dict[str, bool] = field(default_factory=dict)
    beside: dict[str, tuple[str, bytes] | None] = field(default_factory=dict)

    @property
    def found(self) -> bool:
        """Whether there was anything to cut: pairs, or a profile with others in it."""
        return self.edges > 0 or bool(self.owners)


def split(graph: Graph, history: LinkHistory, identifier: str) -> Split:
    """Cut an identifier off; changes the graph and the history."""
    done = Split()
    closure = history.closure(identifier)
    if len(closure) == 1 and len(graph.members.get(graph.owner.get(identifier, ""), ())) < 2:
        return done
    before = history.among(closure)
    done.edges = history.drop(identifier)
    anew = Graph(graph.policy, corrected=graph.corrected, unclaimed=graph.unclaimed)
    for occurrence in before:
        if identifier not in (occurrence.head[1], occurrence.other[1]):
            how = occurrence.how
            changes, _ = anew.link(
                (occurrence.head, occurrence.other), int(how is Evidence.ALIAS), int(how is Evidence.WEAK),
                occurrence.key, order=SELLS if how is Evidence.SALE else NO_ORDER,
            )  # fmt: skip
            for change in changes:
                if isinstance(change, Move) and change.reason == MADE_ROOM:
                    history.drop(change.identifier[1])
    _refuse_anew(graph, anew, before, identifier, done)
    typed = anew.typed | (closure - anew.owner.keys())
    done.typed = {hashed: hashed in typed for hashed in closure if (hashed in typed) != (hashed in graph.typed)}
    graph.typed = (graph.typed - closure) | typed
    for hashed in closure:
        if graph.beside.get(hashed) != anew.beside.get(hashed):
            done.beside[hashed] = anew.beside.get(hashed)
            graph.beside.pop(hashed, None)
    graph.beside.update(anew.beside)
    _Rebuilding(graph, anew, closure, before).run(done, identifier)
    return done


def _refuse_anew(graph: Graph, anew: Graph, before: Iterable[Occurrence], identifier: str, done: Split) -> None:
    for occurrence in before:
        pair = (occurrence.head[1], occurrence.other[1])
        if graph.refused.pop(pair, None) is not None:
            done.refused += identifier in pair
            done.no_longer_refused.add(pair)
    graph.refused.update(anew.refused)
    done.refused_now = dict(anew.refused)


class _Rebuilding:
    """Clusters get their ids, and the graph is made to say so."""

    def __init__(self, graph: Graph, anew: Graph, closure: set[str], before: Iterable[Occurrence]) -> None:
        self._graph = graph
        self._types: dict[str, str] = {}
        self._earliest: dict[str, bytes] = {}
        for key, _, head, other in before:
            for type_, hashed in (head, other):
                self._types.setdefault(hashed, type_)
                self._earliest.setdefault(hashed, key)
        self._was = {h: graph.owner[h] for h in sorted(closure) if h in graph.owner}
        self._old = sorted(set(self._was.values()), key=graph.first.__getitem__)
        for profile_id in self._old:
            self._types.update(graph.members[profile_id])
        self._alone = {h: graph.free_id(h) for h in sorted(anew.owner.keys() - graph.owner.keys())}
        """The profiles of those who had been joined with nobody, each with its own events."""
        clusters: dict[str, list[str]] = {}
        for hashed in sorted(self._was.keys() | anew.owner.keys(), key=self._place):
            clusters.setdefault(anew.owner.get(hashed, hashed), []).append(hashed)
        self._clusters = list(clusters.values())
        self._ids: dict[int, str] = {}
        self._rest: dict[str, int] = {}
        """Of an old profile, the cluster of its members that are out of reach."""
        for profile_id in self._old:
            if rest := sorted(graph.members[profile_id].keys() - closure):
                self._was.update(dict.fromkeys(rest, profile_id))
                self._rest[profile_id] = len(self._clusters)
                self._clusters.append(rest)

    def run(self, done: Split, identifier: str) -> None:
        """Name the clusters, then write down who is whose."""
        graph, was, old = self._graph, self._was, self._old
        former = {profile_id: graph.former(profile_id) for profile_id in old}
        done.retired = self._keep_ids(identifier)
        firsts = {profile_id: graph.first.pop(profile_id) for profile_id in old}
        for loser, winner in done.retired:
            graph.into[loser] = winner
        for n, members in enumerate(self._clusters):
            if not members:
                continue
            fresh = n not in self._ids
            if fresh:
                # Who has logged in keeps the profile that they had.
                begins = (h for h in members if h in self._alone and self._types[h] == USER_ID)
                self._ids[n] = graph.free_id(next(begins, members[0]))
            profile_id = self._ids[n]
            graph.members[profile_id] = {h: self._types[h] for h in members}
            graph.first[profile_id] = firsts.get(profile_id, graph.counter)
            graph.counter += fresh
            done.clusters.append((profile_id, len(members)))
            gone: dict[str, list[str]] = {}
            for hashed in members:
                graph.owner[hashed] = profile_id
                if was.get(hashed) != profile_id:
                    done.owners[hashed] = self._types[hashed]
                    graph.travelled.add(hashed)
                    if hashed in was:
                        gone.setdefault(was[hashed], []).append(hashed)
            done.departures += [Departure(source, profile_id, ids, fresh) for source, ids in gone.items()]
        for loser, _ in done.retired:
            del graph.members[loser]
        self._history(former, done)
        for hashed, alone in self._alone.items():
            if alone != (profile_id := graph.owner[hashed]):
                graph.into[alone] = profile_id
                done.retired.append((alone, profile_id))

    def _keep_ids(self, identifier: str) -> list[Pair]:
        """Which cluster keeps the id of an old profile: the one with a user_id, else the one with the earliest member.

        A cluster keeps one id; an old profile whose clusters all have another becomes part of the first of them.

        Those out of reach (the pairs that brought them are gone, with a person that was erased) count as one more, and
        then who is cut off never keeps the id. They stay with the cluster that keeps it if that has pairs and the
        identifier that the profile began with.
        """
        retired = []
        for profile_id in self._old:
            held = [
                n for n, members in enumerate(self._clusters) if any(self._was.get(h) == profile_id for h in members)
            ]
            rest, root = self._rest.get(profile_id), None
            if rest is not None:
                held = [n for n in held if self._clusters[n] != [identifier]]
                root = self._began_with(profile_id)
            held.sort(key=lambda n: self._preference(n, profile_id, root))
            free = next((n for n in held if n not in self._ids), None)
            if free is None:
                retired.append((profile_id, self._ids[held[0]]))
                continue
            self._ids[free] = profile_id
            keepers = self._clusters[free]
            if rest is not None and rest != free and root in keepers and len(keepers) > 1:
                keepers += self._clusters[rest]
                self._clusters[rest] = []
        return retired

    def _preference(self, n: int, profile_id: str, root: str | None) -> tuple[bool, bool, bool, tuple[bytes, str]]:
        members = self._clusters[n]
        has_user = any(self._types[h] == USER_ID for h in members)
        earliest = min(self._place(h) for h in members if self._was.get(h) == profile_id)
        return not has_user, root is not None and root not in members, n != self._rest.get(profile_id), earliest

    def _began_with(self, profile_id: str) -> str | None:
        """The identifier that a profile has its id from, if it is still there."""
        graph = self._graph
        for hashed in graph.members[profile_id]:
            at = hashed
            while at != profile_id and (at in graph.into or at in graph.members):
                at = next_id(at)
            if at == profile_id:
                return hashed
        return None

    def _place(self, hashed: str) -> tuple[bytes, str]:
        return self._earliest.get(hashed, NOTHING), hashed

    def _history(self, former: dict[str, list[str]], done: Split) -> None:
        """A former id stands for the identifier it began with, wherever that goes now, not where it went before."""
        graph = self._graph
        roots: dict[str, str] = {}
        for hashed in self._was:
            at = hashed
            while at in graph.into:
                roots[at] = hashed
                at = next_id(at)
        retired = dict(done.retired)
        for profile_id, ids in former.items():
            for known in ids:
                root = roots.get(known)
                if root is None or self._was[root] != profile_id:
                    continue
                if graph.owner[root] != retired.get(profile_id, profile_id):
                    graph.into[known] = graph.owner[root]
                    done.history.append((known, graph.owner[root]))
