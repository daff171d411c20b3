"""Who is who: the identity policy of the contract as one sequential graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from schemas.identifiers import DEFAULT_TYPE_LIMIT, DEVICE_LIKE, PROFILE_LIMIT, TYPE_LIMITS, USER_ID, Identifier

PURCHASE = {"order_id", "checkout_id", "cart_id"}

Key = tuple[int | str, ...]
"""A link's place in the one order of all events, (time, topic, partition, offset); (time,) comes before all of it."""


@dataclass(frozen=True)
class Pair:
    """Two identifiers that a link names, when, and how.

    That is "alias", "plain", "sale" (an order that is complete) or "weak" (typed, or a purchase's number).
    """

    key: Key
    head: Identifier
    other: Identifier
    how: str


@dataclass(frozen=True)
class Change:
    """What one pair of a link did: `refused` is None for a merge (loser into winner), else the rule that said no.

    `moved`: the device that went from the loser to the winner; `pair`: the two that were named together.
    """

    loser: str
    winner: str
    reason: str
    refused: str | None = None
    moved: Identifier | None = None
    pair: tuple[Identifier, Identifier] | None = None


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
        self.typed: set[Identifier] = set()
        self.corrected: set[Identifier] = set()
        self.unclaimed: set[Identifier] = set()
        """Orders that were complete before any customer had named them."""
        self.beside: dict[Identifier, tuple[Identifier, Key]] = {}
        """Of an anonymous id that has only ever come beside one user_id: that one, and when first."""
        self.retired: dict[str, str] = {}
        """Profiles that became part of another, and of which."""
        self.forgotten: set[Identifier] = set()

    def profile_of(self, identifier: Identifier) -> str:
        """The profile that holds it now; one that was never linked is a profile by itself."""
        return self.owner.get(identifier) or self.hasher(*identifier)

    def held(self, profile_id: str, lone: Identifier) -> set[Identifier]:
        """All identifiers of the profile; `lone` is the one to count for a profile that has no links yet."""
        return self.members.get(profile_id, {lone})

    def link(
        self, identifiers: Iterable[Identifier], previous: Iterable[Identifier], key: Key = (), *, weak: int = 0,
        sells: bool = False, corrects: bool = False,
    ) -> Iterator[Change]:  # fmt: skip
        """Link the strongest identifier with each of the others, then with the previous ones of an alias call.

        One that an alias call names both as its own and as previous is a previous one: the producer's word goes first.
        The last `weak` of the others are weak evidence. `sells`: the order among them is complete;
        `corrects`: something else is said of it.
        """
        head, *others = identifiers
        previous = list(previous)
        plain = len(others) - weak
        for nth, other in enumerate(others):
            if other in previous:
                continue
            strong = "sale" if sells and other.type == "order_id" else "plain"
            yield from self.take(Pair(key, head, other, strong if nth < plain else "weak"))
        for other in previous:
            yield from self.take(Pair(key, head, other, "alias"))
        if key < self.cuts.get(head, ()):
            return
        if sells and head.type == "order_id":
            self.typed.discard(head)
        named = {one for one in (head, *others) if one.type == "order_id" and not key < self.cuts.get(one, ())}
        if sells:
            self.unclaimed |= named - self.owner.keys()
        if corrects:
            self.corrected |= named

    def take(self, pair: Pair) -> Iterator[Change]:
        """Link a pair, unless it names an identifier that has been cut off since."""
        if any(pair.key < self.cuts.get(identifier, ()) for identifier in (pair.head, pair.other)):
            return
        self.history.append(pair)
        yield from self.pair(pair.head, pair.other, pair.how, pair.key)

    def cut(self, identifier: Identifier, key: Key) -> None:
        """Cut an identifier off: all that it led to is put together anew, as if no pair before `key` had named it."""
        self.cuts[identifier] = max(key, self.cuts.get(identifier, ()))
        near = self.near(identifier)
        self.history = [pair for pair in self.history if identifier not in {pair.head, pair.other}]
        anew = Graph(self.hasher, profile_limit=self.profile_limit, device_policy=self.device_policy)
        anew.corrected, anew.unclaimed = self.corrected, self.unclaimed
        # In event-time order, also those that came late.
        for pair in sorted(self.history, key=lambda pair: pair.key):
            if pair.head in near:
                for _ in anew.pair(pair.head, pair.other, pair.how, pair.key):
                    pass
                self.history = [pair for pair in self.history if not anew.forgotten & {pair.head, pair.other}]
        self.typed = (self.typed - near) | anew.typed
        self.beside = {one: known for one, known in self.beside.items() if one not in near} | anew.beside
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
            self.typed.discard(one)
            self.beside.pop(one, None)
            self.cuts[one] = max(key, self.cuts.get(one, ()))
        self.history = [pair for pair in self.history if pair.head not in gone and pair.other not in gone]
        self.refused = {pair for pair in self.refused if not gone & set(pair)}
        return gone

    def clusters(self) -> set[frozenset[Identifier]]:
        """Who is together, those who are alone left out."""
        return {frozenset(members) for members in self.members.values() if len(members) > 1}

    def pair(self, head: Identifier, other: Identifier, how: str = "plain", key: Key = ()) -> Iterator[Change]:
        """Link two identifiers under the policy."""
        beside_user = head.type == USER_ID and how == "plain" and other.type == "anonymous_id"
        first, known = other not in self.owner, set(self.owner) & {head, other}
        self.beside.pop(head, None)
        if not beside_user or self.beside.get(other, (head,))[0] != head:
            self.beside.pop(other, None)
        yield from self.joined(head, other, how)
        if beside_user and first and other in self.owner:
            self.beside[other] = head, key
        for one in (head, other):
            named = one.type == "order_id"
            if named and one not in known | self.unclaimed and how != "sale" and one in self.owner:
                self.typed.add(one)
            elif named:
                self.typed -= {one} if how == "sale" else set()
            elif not (one == other and how == "weak") and self.held(self.profile_of(one), one) != {one}:
                # Who is by themselves still, since nothing has linked them, is as if they had not been named.
                self.typed.discard(one)

    def joined(self, head: Identifier, other: Identifier, how: str) -> Iterator[Change]:
        """What becomes of the two."""
        a, b = self.profile_of(head), self.profile_of(other)
        if a == b:
            return
        mine, theirs = self.held(a, head), self.held(b, other)
        two_people = bool(persons(mine) and persons(theirs))
        two_users = has_user(mine) and has_user(theirs) and how != "alias"
        if other.type in PURCHASE and not only_purchases(mine) and not only_purchases(theirs):
            better = head.type not in PURCHASE and best(mine) < best(theirs)
            if other.type == "order_id":
                # Once an order is complete, only who completes it as well may take it.
                open_still = other in self.typed
                settled = other in self.corrected
                better = open_still or (better and not settled) if how == "sale" else (better and open_still)
            linked = other.type == "order_id" and how != "weak"
            if linked and not two_people and not self.over_limit(mine | theirs):
                yield self.merge(head, other, "link")
            elif better:
                yield self.move(head, other, "order_reassigned", "order_id")
            else:
                yield from self.refuse(head, other, "order_id", "order_kept")
            return
        if how == "weak" and other.type not in PURCHASE and self.two_people(head, other):
            yield from self.refuse(head, other, "typed", "typed")
            return
        if two_users and other.type not in DEVICE_LIKE:
            yield from self.refuse(head, other, "user_limit", "person_id_kept")
        elif two_users and self.device_policy == "first":
            yield from self.refuse(head, other, "user_limit", "first")
        elif rule := self.over_limit(mine | ({other} if two_users else theirs)):
            union = mine | ({other} if two_users else theirs)
            spare = sorted(
                (i for i in union - {head, other} if i in self.beside),
                key=lambda i: (self.beside[i][1], self.hasher(*i)),
            )
            going = next((n for n in range(len(spare) + 1) if not self.over_limit(union - set(spare[:n]))), None)
            if going is None:
                yield from self.refuse(head, other, rule, rule)
                return
            for one in spare[:going]:
                yield self.make_room(one, rule)
            yield from self.joined(head, other, how)
        elif two_users:
            yield self.move(head, other, "device_reassigned", "user_limit")
        else:
            if how == "weak" and other not in self.owner and other.type not in PURCHASE:
                self.typed.add(other)
            yield self.merge(head, other, "alias" if how == "alias" else "link")

    def two_people(self, head: Identifier, other: Identifier) -> bool:
        """Whether an address that `head` has typed is another person's."""
        mine, theirs = self.held(self.profile_of(head), head), self.held(self.profile_of(other), other)
        known = other in self.owner and other not in self.typed
        return bool(persons(mine) and (known or persons(theirs - {other})))

    def living(self, profile_id: str) -> str:
        """The profile that one which may have become part of another is part of now."""
        while profile_id in self.retired:
            profile_id = self.retired[profile_id]
        return profile_id

    def move(self, head: Identifier, other: Identifier, reason: str, rule: str) -> Change:
        """The other identifier alone goes to the profile of the head."""
        a, b = self.profile_of(head), self.profile_of(other)
        self.adopt(a, head)
        self.members[b].discard(other)
        self.members[a].add(other)
        self.owner[other] = a
        return Change(b, a, reason, rule, other)

    def make_room(self, one: Identifier, rule: str) -> Change:
        """An anonymous id is forgotten by its profile: from now on it is a visitor of its own."""
        del self.beside[one]
        old = self.owner[one]
        self.members[old].discard(one)
        alone = self.hasher(*one)
        while alone in self.retired or alone in self.members:
            alone = blake2b(alone.encode(), digest_size=16).hexdigest()
        self.owner[one], self.members[alone], self.seen[alone] = alone, {one}, self.arrived
        self.arrived += 1
        self.forgotten.add(one)
        self.history = [pair for pair in self.history if one not in {pair.head, pair.other}]
        return Change(old, alone, "made_room", rule)

    def merge(self, head: Identifier, other: Identifier, reason: str) -> Change:
        """The two profiles are one."""
        a, b = self.profile_of(head), self.profile_of(other)
        mine, theirs = self.held(a, head), self.held(b, other)
        self.adopt(a, head)
        self.adopt(b, other)
        if has_user(mine) or has_user(theirs):
            a_wins = has_user(mine)
        elif only_purchases(mine) or only_purchases(theirs):
            a_wins = not only_purchases(mine) or (only_purchases(theirs) and self.seen[a] < self.seen[b])
        else:
            a_wins = self.seen[a] < self.seen[b]
        winner, loser = (a, b) if a_wins else (b, a)
        self.retired[loser] = winner
        for identifier in self.members.pop(loser):
            self.owner[identifier] = winner
            self.members[winner].add(identifier)
        return Change(loser, winner, reason)

    def adopt(self, profile_id: str, identifier: Identifier) -> None:
        """First sight of an identifier that takes effect: it gets a place in the graph."""
        if identifier not in self.owner:
            self.owner[identifier] = profile_id
            self.members[profile_id] = {identifier}
            self.seen[profile_id] = self.arrived
            self.arrived += 1

    def over_limit(self, union: set[Identifier]) -> str | None:
        """The limit that a profile of these identifiers would be over, or None."""
        union = {i for i in union if i.type not in PURCHASE}
        counts = Counter(i.type for i in union)
        if any(n > TYPE_LIMITS.get(type_, DEFAULT_TYPE_LIMIT) for type_, n in counts.items()):
            return "type_limit"
        return "profile_limit" if len(union) > self.profile_limit else None

    def refuse(self, head: Identifier, other: Identifier, rule: str, reason: str) -> Iterator[Change]:
        """One row the first time this pair is refused, no trace of it otherwise."""
        if (head, other) not in self.refused:
            self.refused.add((head, other))
            yield Change(self.profile_of(other), self.profile_of(head), reason, rule, pair=(head, other))


def only_purchases(identifiers: set[Identifier]) -> bool:
    """Whether nothing is known of a profile but the numbers of purchases."""
    return all(i.type in PURCHASE for i in identifiers)


def persons(identifiers: set[Identifier]) -> set[Identifier]:
    """Those that are a person's own: no device's, no purchase's."""
    return {i for i in identifiers if i.type not in PURCHASE and i.type not in DEVICE_LIKE}


def best(identifiers: set[Identifier]) -> int:
    """How well a customer is known, 0 the best: by a user_id, e-mail, phone, card or the like, and so on."""
    order = ["user_id", "email", "phone", "", "device_id", "advertising_id", "push_token", "anonymous_id"]
    return min(order.index(i.type if i.type in order else "") for i in identifiers if i.type not in PURCHASE)


def has_user(identifiers: set[Identifier]) -> bool:
    """Whether a profile holds a user_id."""
    return any(i.type == USER_ID for i in identifiers)
