"""Who is who: the identity policy of the contract as one sequential graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from schemas.identifiers import DEFAULT_TYPE_LIMIT, DEVICE_LIKE, PROFILE_LIMIT, TYPE_LIMITS, USER_ID, Identifier

Key = tuple[int | str, ...]
"""A link's place in the one order of all events, (time, topic, partition, offset); (time,) comes before all of it."""


@dataclass(frozen=True)
class Pair:
    """Two identifiers that a link names, and when."""

    key: Key
    head: Identifier
    other: Identifier
    alias: bool


@dataclass(frozen=True)
class Change:
    """What one pair of a link did: `refused` is None for a merge (loser into winner), else the rule that said no.

    `moved`: the device that went from the loser to the winner.
    """

    loser: str
    winner: str
    reason: str
    refused: str | None = None
    moved: Identifier | None = None


class Graph:
    """Identifiers and the profiles that hold them. `hasher(type, value)` names the profile of a lone identifier."""

    def __init__(
        self, hasher: Callable[[str, str], str], *, profile_limit: int = PROFILE_LIMIT, device_policy: str = "latest"
    ) -> None:
        self.hasher = hasher
        self.profile_limit = profile_limit
        self.device_policy = device_policy
        self.owner: dict[Identifier, str] = {}
        self.members: dict[str, set[Identifier]] = {}
        self.seen: dict[str, int] = {}
        self.arrived = 0
        self.refused: set[tuple[Identifier, Identifier]] = set()
        self.history: list[Pair] = []
        self.cuts: dict[Identifier, Key] = {}

    def profile_of(self, identifier: Identifier) -> str:
        """The profile that holds it now; one that was never linked is a profile by itself."""
        return self.owner.get(identifier) or self.hasher(*identifier)

    def held(self, profile_id: str, lone: Identifier) -> set[Identifier]:
        """All identifiers of the profile; `lone` is the one to count for a profile that has no links yet."""
        return self.members.get(profile_id, {lone})

    def link(
        self, identifiers: Iterable[Identifier], previous: Iterable[Identifier], key: Key = ()
    ) -> Iterator[Change]:
        """Link the strongest identifier with each of the others, then with the previous ones of an alias call.

        One that an alias call names both as its own and as previous is a previous one: the producer's word goes first.
        """
        head, *others = identifiers
        previous = list(previous)
        for other in others:
            if other in previous:
                continue
            yield from self.take(Pair(key, head, other, alias=False))
        for other in previous:
            yield from self.take(Pair(key, head, other, alias=True))

    def take(self, pair: Pair) -> Iterator[Change]:
        """Link a pair, unless it names an identifier that has been cut off since."""
        if any(pair.key < self.cuts.get(identifier, ()) for identifier in (pair.head, pair.other)):
            return
        self.history.append(pair)
        yield from self.pair(pair.head, pair.other, alias=pair.alias)

    def cut(self, identifier: Identifier, key: Key) -> None:
        """Cut an identifier off: all that it led to is put together anew, as if no pair before `key` had named it."""
        self.cuts[identifier] = max(key, self.cuts.get(identifier, ()))
        near = self.near(identifier)
        self.history = [pair for pair in self.history if identifier not in {pair.head, pair.other}]
        anew = Graph(self.hasher, profile_limit=self.profile_limit, device_policy=self.device_policy)
        # In event-time order, also those that came late.
        for pair in sorted(self.history, key=lambda pair: pair.key):
            if pair.head in near:
                for _ in anew.pair(pair.head, pair.other, alias=pair.alias):
                    pass
        for one in near & self.owner.keys():
            self.members[self.owner.pop(one)].discard(one)
        self.members = {profile_id: members for profile_id, members in self.members.items() if members}
        for profile_id, members in anew.members.items():
            self.members.setdefault(profile_id, set()).update(members)
            self.owner.update(dict.fromkeys(members, profile_id))
            self.seen[profile_id] = self.arrived + anew.seen[profile_id]
        self.arrived += anew.arrived
        self.refused = {pair for pair in self.refused if pair[0] not in near} | anew.refused

    def near(self, identifier: Identifier) -> set[Identifier]:
        """All that can be reached from an identifier over the pairs there were."""
        found: set[Identifier] = set()
        more = {identifier}
        while more:
            found |= more
            named = ({pair.head, pair.other} for pair in self.history)
            more = set().union(*(pair for pair in named if pair & found)) - found
        return found

    def erase(self, identifier: Identifier, key: Key) -> set[Identifier]:
        """Forget everybody in the profile of an identifier: they are strangers from now on, and so is who comes late.

        Returns who that was. What others have of them (a device that has moved on) stays where it is.
        """
        gone = {identifier}
        if identifier in self.owner:
            gone = self.members.pop(self.owner[identifier])
        for one in gone:
            self.owner.pop(one, None)
            self.cuts[one] = max(key, self.cuts.get(one, ()))
        self.history = [pair for pair in self.history if pair.head not in gone and pair.other not in gone]
        self.refused = {pair for pair in self.refused if not gone & set(pair)}
        return gone

    def clusters(self) -> set[frozenset[Identifier]]:
        """Who is together, those who are alone left out."""
        return {frozenset(members) for members in self.members.values() if len(members) > 1}

    def pair(self, head: Identifier, other: Identifier, *, alias: bool) -> Iterator[Change]:
        """Link two identifiers under the policy."""
        a, b = self.profile_of(head), self.profile_of(other)
        if a == b:
            return
        mine, theirs = self.held(a, head), self.held(b, other)
        a_user, b_user = has_user(mine), has_user(theirs)
        if a_user and b_user and not alias:
            if other.type not in DEVICE_LIKE:
                yield from self.refuse(head, other, "user_limit", "person_id_kept")
            elif self.device_policy == "first":
                yield from self.refuse(head, other, "user_limit", "first")
            elif rule := self.over_limit(mine | {other}):
                yield from self.refuse(head, other, rule, rule)
            else:
                self.adopt(a, head)
                self.members[b].discard(other)
                self.members[a].add(other)
                self.owner[other] = a
                yield Change(b, a, "device_reassigned", "user_limit", other)
            return
        if rule := self.over_limit(mine | theirs):
            yield from self.refuse(head, other, rule, rule)
            return
        self.adopt(a, head)
        self.adopt(b, other)
        a_wins = a_user if a_user or b_user else self.seen[a] < self.seen[b]
        winner, loser = (a, b) if a_wins else (b, a)
        for identifier in self.members.pop(loser):
            self.owner[identifier] = winner
            self.members[winner].add(identifier)
        yield Change(loser, winner, "alias" if alias else "link")

    def adopt(self, profile_id: str, identifier: Identifier) -> None:
        """First sight of an identifier that takes effect: it gets a place in the graph."""
        if identifier not in self.owner:
            self.owner[identifier] = profile_id
            self.members[profile_id] = {identifier}
            self.seen[profile_id] = self.arrived
            self.arrived += 1

    def over_limit(self, union: set[Identifier]) -> str | None:
        """The limit that a profile of these identifiers would be over, or None."""
        counts = Counter(i.type for i in union)
        if any(n > TYPE_LIMITS.get(type_, DEFAULT_TYPE_LIMIT) for type_, n in counts.items()):
            return "type_limit"
        return "profile_limit" if len(union) > self.profile_limit else None

    def refuse(self, head: Identifier, other: Identifier, rule: str, reason: str) -> Iterator[Change]:
        """One row the first time this pair is refused, no trace of it otherwise."""
        if (head, other) not in self.refused:
            self.refused.add((head, other))
            yield Change(self.profile_of(other), self.profile_of(head), reason, rule)


def has_user(identifiers: set[Identifier]) -> bool:
    """Whether a profile holds a user_id."""
    return any(i.type == USER_ID for i in identifiers)
