"""The identity graph: which identifiers are one customer, under the policy of docs/contract.md section 1.

Purely sequential: links come in event-time order, each returns what it changed, and nothing here knows where from.
Identifiers are (type, hash); a profile id is the hash of the identifier it began with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, NamedTuple

from schemas.identifiers import DEFAULT_TYPE_LIMIT, DEVICE_LIKE, PROFILE_LIMIT, TYPE_LIMITS, USER_ID

Hashed = tuple[str, str]
"""An identifier in the graph: (type, hash)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator may choose about identity."""

    device: Literal["latest", "first"] = "latest"
    profile_limit: int = PROFILE_LIMIT


class Merge(NamedTuple):
    """`loser` became part of `winner`, because of `pair`; `moved` are the identifiers it held."""

    nth: int
    loser: str
    winner: str
    reason: str
    moved: tuple[Hashed, ...]
    pair: tuple[str, str]


class Move(NamedTuple):
    """A device left the profile it was with for the latest user (rule device_reassigned)."""

    nth: int
    identifier: Hashed
    loser: str
    winner: str
    pair: tuple[str, str]


class Refused(NamedTuple):
    """A pair that was not joined, by the rule that says so."""

    nth: int
    rule: str
    reason: str
    loser: str
    winner: str
    pair: tuple[str, str]


Change = Merge | Move | Refused


@dataclass(slots=True)
class Graph:
    """Owners and members by hash.

    `travelled` are the identifiers that have ever moved from one profile to another, `disputed` those that somebody has
    been refused. `into`: of a retired profile id
    the one that it became part of, empty for one that was erased; neither is ever given to anybody again.
    """

    policy: Policy = field(default_factory=Policy)
    owner: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    travelled: set[str] = field(default_factory=set)
    disputed: set[str] = field(default_factory=set)
    counter: int = 0

    def link(self, identifiers: Sequence[Hashed], previous: int) -> tuple[list[Change], list[Hashed]]:
        """Link the strongest identifier with each of the others; the last `previous` of them are an alias's previousId.

        Returns what changed, in order, and the identifiers that belong to a profile from now on for the first time.
        """
        changes: list[Change] = []
        fresh: list[Hashed] = []
        head = identifiers[0]
        aliased_from = len(identifiers) - previous
        for nth, other in enumerate(identifiers[1:], 1):
            if other == head:
                continue
            a, b = self.owner.get(head[1]), self.owner.get(other[1])
            if a is not None and a == b:
                continue
            change = self._join(nth, head, other, fresh, alias=nth >= aliased_from)
            if change is not None:
                changes.append(change)
        return changes, fresh

    def _join(self, nth: int, head: Hashed, other: Hashed, fresh: list[Hashed], *, alias: bool) -> Change | None:
        a = self.profile_of(head[1])
        b = self.profile_of(other[1])
        mine = self.members.get(a) or {head[1]: head[0]}
        theirs = self.members.get(b) or {other[1]: other[0]}
        mine_user, their_user = USER_ID in mine.values(), USER_ID in theirs.values()
        if mine_user and their_user and not alias:
            if other[0] not in DEVICE_LIKE:
                return self._refuse(nth, "user_limit", "person_id_kept", a, b, head, other)
            if self.policy.device == "first":
                return self._refuse(nth, "user_limit", "first", a, b, head, other)
            if limit := self._over(mine, {other[1]: other[0]}):
                return self._refuse(nth, limit, limit, a, b, head, other)
            self._keep(head, a, fresh)
            del theirs[other[1]]
            mine = self.members[a]
            mine[other[1]] = other[0]
            self.owner[other[1]] = a
            self.travelled.add(other[1])
            return Move(nth, other, b, a, (head[1], other[1]))
        if limit := self._over(mine, theirs):
            return self._refuse(nth, limit, limit, a, b, head, other)
        self._keep(head, a, fresh)
        self._keep(other, b, fresh)
        winner, loser = (a, b) if self._outlives(a, b, mine_user, their_user) else (b, a)
        moved = self.members.pop(loser)
        self.members[winner].update(moved)
        for identifier in moved:
            self.owner[identifier] = winner
        self.into[loser] = winner
        del self.first[loser]
        held = tuple((t, i) for i, t in sorted(moved.items()))
        return Merge(nth, loser, winner, "alias" if alias else "link", held, (head[1], other[1]))

    def _outlives(self, a: str, b: str, a_user: bool, b_user: bool) -> bool:
        """Survivor: the profile with a user_id, else the one seen first; of two with a user_id, the userId's."""
        if a_user != b_user:
            return a_user
        return a_user or self.first[a] < self.first[b]

    def _over(self, mine: dict[str, str], theirs: dict[str, str]) -> str | None:
        """The limit that one profile of both would break, by name."""
        if len(mine) + len(theirs) <= min(*TYPE_LIMITS.values(), self.policy.profile_limit):
            return None
        counts = Counter(mine.values())
        counts.update(theirs.values())
        if any(n > TYPE_LIMITS.get(type_, DEFAULT_TYPE_LIMIT) for type_, n in counts.items()):
            return "type_limit"
        return "profile_limit" if counts.total() > self.policy.profile_limit else None

    def _refuse(self, nth: int, rule: str, reason: str, a: str, b: str, head: Hashed, other: Hashed) -> Refused | None:
        pair = (head[1], other[1])
        if pair in self.refused:
            return None
        self.refused[pair] = reason
        return Refused(nth, rule, reason, b, a, pair)

    def _keep(self, identifier: Hashed, profile_id: str, fresh: list[Hashed]) -> None:
        """Give an identifier its profile at the first link that holds."""
        if identifier[1] not in self.owner:
            self.owner[identifier[1]] = profile_id
            self.members.setdefault(profile_id, {})[identifier[1]] = identifier[0]
            self.first.setdefault(profile_id, self.counter)
            self.counter += 1
            fresh.append(identifier)

    def profile_of(self, hashed: str) -> str:
        """The profile id of an identifier (`hashed`: its hash, 32 hex digits), also of one that is in no link."""
        return self.owner.get(hashed) or self.free_id(hashed)

    def free_id(self, hashed: str) -> str:
        """A profile id for an identifier that has none: its hash, or the next id that never stood for another.

        `hashed` is the hash, 32 hex digits.
        """
        profile_id = hashed
        while profile_id in self.into or profile_id in self.members:
            profile_id = next_id(profile_id)
        return profile_id

    def former(self, profile_id: str) -> list[str]:
        """All retired ids that lead to a profile, sorted."""
        known = {profile_id: True}
        for retired in self.into:
            path, at = [], retired
            while at not in known:
                path.append(at)
                further = self.into.get(at)
                if not further:
                    known[at] = False
                    break
                at = further
            known.update(dict.fromkeys(path, known[at]))
        return sorted(p for p, leads in known.items() if leads and p != profile_id)


def next_id(profile_id: str) -> str:
    """The id that follows `profile_id`, which has retired: 32 hex digits."""
    return blake2b(profile_id.encode(), digest_size=16).hexdigest()
