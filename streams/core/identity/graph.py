"""The identity graph: which identifiers are one customer, under the policy of docs/contract.md section 1.

Purely sequential: links come in event-time order, each returns what it changed, and nothing here knows where from.
Identifiers are (type, hash); a profile id is the hash of the identifier it began with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

from schemas.identifiers import (
    ANONYMOUS_ID,
    DEFAULT_TYPE_LIMIT,
    DEVICE_LIKE,
    EXTERNAL_RANK,
    NO_PERSON,
    ORDER_ID,
    PROFILE_LIMIT,
    RANK,
    REFERENCES,
    TYPE_LIMITS,
    USER_ID,
)
from schemas.orders import CORRECTS, NO_ORDER, SELLS
from streams.core.identity.evidence import Evidence, evidence

MADE_ROOM: Final = "made_room"
_LEAST_LIMIT: Final = min(TYPE_LIMITS.values())
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
    """An identifier left its profile: for the latest user, for who is known better, or to make room (`reason`)."""

    nth: int
    identifier: Hashed
    loser: str
    winner: str
    pair: tuple[str, str]
    reason: str
    rule: str


class Refused(NamedTuple):
    """A pair that was not joined, by the rule that says so: the first is of `winner`, `other` of `loser`."""

    nth: int
    rule: str
    reason: str
    loser: str
    winner: str
    pair: tuple[str, str]
    other: Hashed


Change = Merge | Move | Refused


@dataclass(slots=True)
class Graph:
    """Owners and members by hash.

    `travelled` are the identifiers that have ever moved from one profile to another, `disputed` those that somebody has
    been refused, `typed` the addresses that have only been typed, and the orders that nobody has said are complete,
    `corrected` the orders of which something else was said, `unclaimed` those that were complete before anybody had
    named them.
    `beside`: of an anonymous id that has only ever come beside one user_id, that one and the key of their first link.
    `into`: of a retired profile id the one that it became part of, empty for one that was erased; neither is ever given
    to anybody again.
    """

    policy: Policy = field(default_factory=Policy)
    owner: dict[str, str] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    first: dict[str, int] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    travelled: set[str] = field(default_factory=set)
    disputed: set[str] = field(default_factory=set)
    typed: set[str] = field(default_factory=set)
    corrected: set[str] = field(default_factory=set)
    unclaimed: set[str] = field(default_factory=set)
    beside: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    counter: int = 0

    def link(
        self, identifiers: Sequence[Hashed], previous: int, weak: int = 0, key: bytes = b"", *, order: int = NO_ORDER
    ) -> tuple[list[Change], list[Hashed]]:
        """Link the strongest identifier with each of the others; the last `previous` of them are an alias's previousId.

        The last `weak` before these are weak evidence; `key` is the event's; `order`: what it says of the order that it
        links (schemas/orders.py). Returns what changed, in order, and the identifiers that belong to a profile from now
        on for the first time.
        """
        changes: list[Change] = []
        fresh: list[Hashed] = []
        head = identifiers[0]
        self.beside.pop(head[1], None)
        for nth, other in enumerate(identifiers[1:], 1):
            if other == head:
                continue
            how = evidence(nth, len(identifiers), previous, weak, sale=order == SELLS and other[0] == ORDER_ID)
            one_user = head[0] == USER_ID and how is Evidence.PLAIN
            if (known := self.beside.get(other[1])) is not None and not (one_user and known[0] == head[1]):
                del self.beside[other[1]]
            a, b = self.owner.get(head[1]), self.owner.get(other[1])
            if a is not None and a == b:
                continue
            self._join(nth, head, other, fresh, changes, how)
            first = one_user and other[0] == ANONYMOUS_ID and (b is None or other[1] in self.typed)
            if first and self.owner.get(other[1], "") == self.owner.get(head[1]):
                self.beside[other[1]] = head[1], key
        if order != SELLS:
            self.typed.update(hashed for type_, hashed in fresh if type_ == ORDER_ID and hashed not in self.unclaimed)
        else:
            self.unclaimed.update(
                hashed for type_, hashed in identifiers if type_ == ORDER_ID and hashed not in self.owner
            )
        if self.typed:
            given = (*identifiers[: len(identifiers) - previous - weak], *identifiers[len(identifiers) - previous :])
            for type_, hashed in [one for one in given if one[1] in self.typed]:
                # Whom a split has left alone, and nothing has linked since, is as if they had not been named.
                alone = len(self.members.get(self.owner.get(hashed, ""), ())) == 1
                if (order == SELLS) if type_ == ORDER_ID else not alone:
                    self.typed.discard(hashed)
        if order == CORRECTS:
            self.corrected.update(hashed for type_, hashed in identifiers if type_ == ORDER_ID)
        return changes, fresh

    def _join(
        self, nth: int, head: Hashed, other: Hashed, fresh: list[Hashed], changes: list[Change], how: Evidence
    ) -> None:
        a = self.profile_of(head[1])
        b = self.profile_of(other[1])
        mine = self.members.get(a) or {head[1]: head[0]}
        theirs = self.members.get(b) or {other[1]: other[0]}
        alias = how is Evidence.ALIAS
        if other[0] in REFERENCES:
            if not _is_nameless(mine) and not _is_nameless(theirs):
                self._name(nth, head, other, fresh, changes, how)
                return
        elif how is Evidence.WEAK and self.are_two(head, other):
            self._refuse(nth, "typed", "typed", head, other, changes)
            return
        two_users = USER_ID in mine.values() and USER_ID in theirs.values() and not alias
        if two_users and other[0] not in DEVICE_LIKE:
            self._refuse(nth, "user_limit", "person_id_kept", head, other, changes)
        elif two_users and self.policy.device == "first":
            self._refuse(nth, "user_limit", "first", head, other, changes)
        elif limit := self._make_room(nth, head, other, mine, {other[1]: other[0]} if two_users else theirs, changes):
            self._refuse(nth, limit, limit, head, other, changes)
        elif two_users:
            changes.append(self._move(nth, head, other, fresh, "device_reassigned", "user_limit"))
        else:
            if how is Evidence.WEAK and other[1] not in self.owner and other[0] not in REFERENCES:
                self.typed.add(other[1])
            changes.append(self._merge(nth, head, other, fresh, "alias" if alias else "link"))

    def _make_room(
        self, nth: int, head: Hashed, other: Hashed, mine: dict[str, str], theirs: dict[str, str],
        changes: list[Change],
    ) -> str | None:  # fmt: skip
        """The limit that one profile of both would break, by name; None if it breaks none, or has made room.

        Room is made by the oldest anonymous ids that have only ever come beside one user_id: each leaves for a profile
        of its own.
        """
        limit = self._over(mine, theirs)
        if limit is None:
            return None
        counts = _counts(mine, theirs)
        anonymous = counts[ANONYMOUS_ID]
        beyond = max(anonymous - TYPE_LIMITS[ANONYMOUS_ID], counts.total() - self.policy.profile_limit)
        spare = sorted(
            (self.beside[h][1], h) for h in (*mine, *theirs) if h in self.beside and h not in {head[1], other[1]}
        )  # fmt: skip
        others = Counter({type_: n for type_, n in counts.items() if type_ != ANONYMOUS_ID})
        if beyond > len(spare) or _type_limit(others):
            return limit
        for _, hashed in spare[:beyond]:
            changes.append(self._forget(nth, hashed, limit))
            for held in (mine, theirs):
                held.pop(hashed, None)
        return None

    def _forget(self, nth: int, hashed: str, limit: str) -> Move:
        """An anonymous id leaves its profile for one of its own."""
        user, _ = self.beside.pop(hashed)
        profile_id = self.owner[hashed]
        type_ = self.members[profile_id].pop(hashed)
        alone = self.free_id(hashed)
        self.owner[hashed] = alone
        self.members[alone] = {hashed: type_}
        self.first[alone] = self.counter
        self.counter += 1
        self.travelled.add(hashed)
        return Move(nth, (type_, hashed), profile_id, alone, (user, hashed), MADE_ROOM, limit)

    def _merge(self, nth: int, head: Hashed, other: Hashed, fresh: list[Hashed], reason: str) -> Merge:
        a, b = self.profile_of(head[1]), self.profile_of(other[1])
        self._keep(head, a, fresh)
        self._keep(other, b, fresh)
        winner, loser = (a, b) if self._outlives(a, b) else (b, a)
        moved = self.members.pop(loser)
        self.members[winner].update(moved)
        for identifier in moved:
            self.owner[identifier] = winner
        self.into[loser] = winner
        del self.first[loser]
        held = tuple((t, i) for i, t in sorted(moved.items()))
        return Merge(nth, loser, winner, reason, held, (head[1], other[1]))

    def _move(self, nth: int, head: Hashed, other: Hashed, fresh: list[Hashed], reason: str, rule: str) -> Move:
        a, b = self.profile_of(head[1]), self.profile_of(other[1])
        self._keep(head, a, fresh)
        del self.members[b][other[1]]
        self.members[a][other[1]] = other[0]
        self.owner[other[1]] = a
        self.travelled.add(other[1])
        return Move(nth, other, b, a, (head[1], other[1]), reason, rule)

    def _name(
        self, nth: int, head: Hashed, other: Hashed, fresh: list[Hashed], changes: list[Change], how: Evidence
    ) -> None:
        """A purchase that is another's is named: an order joins who is nobody yet, else the better known has it.

        An order that was completed is taken by a better known one who completes it, as long as nothing else was said of
        it, so that what is said of it stays together; what was only named is taken by any.
        """
        a, b = self.profile_of(head[1]), self.profile_of(other[1])
        mine, theirs = self.members.get(a) or {head[1]: head[0]}, self.members[b]
        order = other[0] == ORDER_ID
        linked = how is not Evidence.WEAK and order
        better = head[0] not in REFERENCES and _strength(mine) < _strength(theirs)
        if order and how is Evidence.SALE:
            better = (better and other[1] not in self.corrected) or other[1] in self.typed
        elif order:
            better = better and other[1] in self.typed
        if linked and not (_is_person(mine) and _is_person(theirs)) and self._over(mine, theirs) is None:
            changes.append(self._merge(nth, head, other, fresh, "link"))
        elif better:
            changes.append(self._move(nth, head, other, fresh, "order_reassigned", "order_id"))
        else:
            self._refuse(nth, "order_id", "order_kept", head, other, changes)

    def are_two(self, visitor: Hashed, address: Hashed) -> bool:
        """Whether an `address` was typed by one person and is of another: each has an identifier of their own.

        The `visitor` is who typed it, of another profile; both are (type, hash).
        """
        if not _is_person(self.members.get(self.profile_of(visitor[1])) or {visitor[1]: visitor[0]}):
            return False
        if address[1] in self.owner and address[1] not in self.typed:
            return True
        theirs = self.members.get(self.profile_of(address[1]), {})
        return any(t not in NO_PERSON for h, t in theirs.items() if h != address[1])

    def _outlives(self, a: str, b: str) -> bool:
        """Survivor: the profile with a user_id, else the one seen first; of two with a user_id, the userId's.

        One that is a purchase's alone becomes part of the customer's.
        """
        mine, theirs = self.members[a], self.members[b]
        a_user, b_user = USER_ID in mine.values(), USER_ID in theirs.values()
        if a_user != b_user:
            return a_user
        if (nameless := _is_nameless(mine)) != _is_nameless(theirs):
            return not nameless
        return a_user or self.first[a] < self.first[b]

    def _over(self, mine: dict[str, str], theirs: dict[str, str]) -> str | None:
        """The limit that one profile of both would break, by name."""
        if len(mine) + len(theirs) <= min(_LEAST_LIMIT, self.policy.profile_limit):
            return None
        counts = _counts(mine, theirs)
        if _type_limit(counts):
            return "type_limit"
        return "profile_limit" if counts.total() > self.policy.profile_limit else None

    def _refuse(self, nth: int, rule: str, reason: str, head: Hashed, other: Hashed, changes: list[Change]) -> None:
        pair = (head[1], other[1])
        if pair not in self.refused:
            self.refused[pair] = reason
            a, b = self.profile_of(head[1]), self.profile_of(other[1])
            changes.append(Refused(nth, rule, reason, b, a, pair, other))

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

    def live(self, profile_id: str) -> str:
        """The profile that an id of 32 hex digits stands for, perhaps a former one; "" for one that was erased."""
        while profile_id in self.into:
            profile_id = self.into[profile_id]
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


def _counts(mine: dict[str, str], theirs: dict[str, str]) -> Counter[str]:
    """How many identifiers of each type two profiles have, but for those that need no place."""
    counts = Counter(mine.values())
    counts.update(theirs.values())
    for type_ in REFERENCES:
        counts.pop(type_, None)
    return counts


def _type_limit(counts: Counter[str]) -> bool:
    return any(n > TYPE_LIMITS.get(type_, DEFAULT_TYPE_LIMIT) for type_, n in counts.items())


def _is_nameless(members: dict[str, str]) -> bool:
    return REFERENCES.issuperset(members.values())


def _is_person(members: dict[str, str]) -> bool:
    return not NO_PERSON.issuperset(members.values())


def _strength(members: dict[str, str]) -> int:
    """The rank of the strongest identifier: the lower, the better known."""
    return min(RANK.get(type_, EXTERNAL_RANK) for type_ in members.values())


def next_id(profile_id: str) -> str:
    """The id that follows `profile_id`, which has retired: 32 hex digits."""
    return blake2b(profile_id.encode(), digest_size=16).hexdigest()
