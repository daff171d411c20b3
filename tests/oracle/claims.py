"""Addresses that were only typed: what they wait for, what takes their place, and when they link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.identifiers import Identifier
from tests.oracle.identity import PURCHASE, Change, Graph, Key, Pair

HALF_AN_HOUR = 30 * 60_000
PHONES = ("phone", "phone_digits")


@dataclass(frozen=True)
class Claim:
    """An address that a visitor has typed in the event at a key."""

    visitor: Identifier
    address: Identifier
    typed: Key

    @property
    def due(self) -> Key:
        """Behind all events of the last millisecond before half an hour has passed, e-mail before phone."""
        time, topic, *rest = self.typed
        return (int(time) + HALF_AN_HOUR - 1, f"~{topic}", *rest, self.address.type)


@dataclass(frozen=True)
class Theirs:
    """Whether an address that was typed is the visitor's, to be written to: from now on, or no more."""

    visitor: Identifier
    address: Identifier
    yes: bool


class Claims:
    """All that have neither linked nor been replaced."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.open: list[Claim] = []
        self.last: dict[tuple[Identifier, str], Key] = {}
        """When a visitor has last typed anything of a kind."""

    def event(
        self, key: Key, identifiers: Sequence[Identifier], weak: int, previous: Sequence[Identifier], confirms: str,
        *, sells: bool = False, corrects: bool = False,
    ) -> Iterator[Change | Theirs]:  # fmt: skip
        """An event links what it is certain of, then what it types. `weak`, `sells` and `corrects` as in `Graph.link`.

        `confirms`: "order", "identify", or the id of the profile whose message was clicked on.
        """
        at = len(identifiers) - weak
        typed = [one for one in identifiers[at:] if one.type not in PURCHASE]
        own = [one for one in identifiers if one not in typed or identifiers.index(one) < at]
        yield from self.graph.link(own, previous, key, weak=weak - len(typed), sells=sells, corrects=corrects)
        if self.is_void(key, own[0]):
            return
        for address in typed:
            if not self.is_void(key, address):
                yield from self.type(key, own[0], address)
        named = [one for one in (*own, *previous) if not self.is_void(key, one)]
        for claim in self.confirmed(own[0], named, confirms):
            if claim.typed > key:
                # The event came late: it knows nothing of what was typed after it.
                continue
            self.open.remove(claim)
            if confirms in {"order", "identify"} and claim.address in named:
                continue
            if confirms == "identify" and any(kind(one) == kind(claim.address) for one in named):
                yield Theirs(claim.visitor, claim.address, yes=False)
            else:
                yield from self.link(claim, key)

    def is_void(self, key: Key, identifier: Identifier) -> bool:
        """Whether an identifier has been cut off since."""
        return key < self.graph.cuts.get(identifier, ())

    def type(self, key: Key, visitor: Identifier, address: Identifier) -> Iterator[Change | Theirs]:
        """Another address of the kind takes the place of this customer's, unless it was typed before and came late."""
        if key < self.last.get((visitor, kind(address)), ()):
            return
        self.last[visitor, kind(address)] = key
        mine = [claim for claim in self.of(visitor) if kind(claim.address) == kind(address)]
        if mine and all(claim.address != address for claim in mine) and any(claim.typed > key for claim in mine):
            yield Theirs(visitor, address, yes=False)
            return
        for claim in mine:
            if claim.address != address and claim.typed < key:
                self.open.remove(claim)
                yield Theirs(claim.visitor, claim.address, yes=False)
        if self.is_one(visitor, address) or any(claim.address == address for claim in mine):
            return
        if self.graph.two_people(visitor, address):
            yield from self.graph.take(Pair(key, visitor, address, "weak"))
            return
        yield Theirs(visitor, address, yes=True)
        self.open.append(Claim(visitor, address, key))

    def confirmed(self, head: Identifier, named: Sequence[Identifier], confirms: str) -> list[Claim]:
        """Which claims an event confirms, in the order in which they were typed."""
        if not confirms:
            return []
        if confirms in {"order", "identify"}:
            return self.of(head)
        holders = self.graph.members.get(self.graph.living(confirms), set())
        found = [
            claim
            for claim in self.open
            if claim.address in named and (claim.visitor in holders or self.graph.profile_of(claim.visitor) == confirms)
        ]
        return sorted(found, key=lambda claim: (claim.typed, claim.address.type))

    def next(self) -> Claim | None:
        """The claim that is due first."""
        return min(self.open, key=lambda claim: claim.due, default=None)

    def fall_due(self, claim: Claim) -> Iterator[Change | Theirs]:
        """Nothing has taken its place: it links."""
        self.open.remove(claim)
        yield from self.link(claim, claim.due)

    def link(self, claim: Claim, key: Key) -> Iterator[Change | Theirs]:
        """The visitor and the address are one customer from now on, if the policy lets them."""
        yield from self.graph.take(Pair(key, claim.visitor, claim.address, "weak"))
        if not self.is_one(claim.visitor, claim.address):
            yield Theirs(claim.visitor, claim.address, yes=False)

    def drop(self, identifiers: set[Identifier]) -> None:
        """These have been cut off."""
        self.open = [claim for claim in self.open if not {claim.visitor, claim.address} & identifiers]

    def of(self, visitor: Identifier) -> list[Claim]:
        """The claims of the customer that a visitor is, in the order in which they were typed."""
        mine = [claim for claim in self.open if self.is_one(claim.visitor, visitor)]
        return sorted(mine, key=lambda claim: (claim.typed, claim.address.type))

    def is_one(self, one: Identifier, other: Identifier) -> bool:
        """Whether two identifiers are one customer's."""
        return one == other or self.graph.profile_of(one) == self.graph.profile_of(other)


def kind(identifier: Identifier) -> str:
    """What takes the place of what: an e-mail of an e-mail, a phone of a phone."""
    return "phone" if identifier.type in PHONES else identifier.type
