"""Claims: addresses that a visitor has only typed, until they link or another takes their place.

An address that stands in the properties of a track call alone may be mistyped, half-typed or somebody else's. It is a
claim of the event's strongest identifier, the visitor, and links half an hour after it was typed, or before that when
the customer orders, is identified, or clicks on a message that went there. Until then another address of its kind,
typed by the same customer, takes its place, and it never links (docs/contract.md, 8.11 to 8.13).

A claim links at a key of its own (`order_key.py:claim_key`): behind all events of before that time, before the timers
at it. It is a link like all others there, so time does not pass it.

What a visitor has typed last is remembered for a day after it was decided: what ingest writes again after a crash is
no news. A claim that comes later than that is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final, NamedTuple

import orjson

from schemas.identifiers import EMAIL, PHONE, PHONE_DIGITS, REFERENCES
from schemas.topics import DAY_MS
from streams.core.identity.announcer import Announcer
from streams.core.identity.cutoffs import Cutoffs
from streams.core.identity.graph import Graph, Hashed
from streams.core.identity.linker import Linker
from streams.core.protocol.order_key import claim_key, merge_key, time_of
from streams.core.protocol.ports import Store
from streams.core.protocol.profile_log import Belongs
from streams.core.protocol.state_keys import CLAIM

WAIT_MS: Final = 30 * 60_000
"""How long after it was typed an address links."""
IDENTIFY: Final = "identify"
ORDER: Final = "order"
_KINDS: Final = {EMAIL: EMAIL, PHONE: PHONE, PHONE_DIGITS: PHONE}
"""What takes the place of what: digits that may be two numbers are a phone, too."""
_NTH: Final = {EMAIL: 1, PHONE: 2}
"""The pair's number within the claim key, which two addresses of one event share."""


class Claim(NamedTuple):
    """An address that a visitor has typed, in the event at the order key `typed`."""

    visitor: Hashed
    address: Hashed
    typed: bytes

    @property
    def due(self) -> bytes:
        """The key at which it links."""
        return claim_key(self.typed, WAIT_MS)


@dataclass(slots=True)
class _Typed:
    """What a visitor has typed last, of one kind: the event's order key, and the claim that is open."""

    visitor: Hashed
    last: bytes
    claim: Claim | None = None


def names_claims(identifiers: Sequence[Hashed], previous: int, weak: int) -> bool:
    """Whether addresses that were only typed stand among the `weak` of a link's `identifiers`: they come first.

    `previous` is how many stand behind the weak ones.
    """
    return weak > 0 and identifiers[len(identifiers) - previous - weak][0] not in REFERENCES


class Claims:
    """The claims that are open, in the store and in memory; `wait(claim)` has `fall_due` called at the claim's key."""

    def __init__(
        self, store: Store, announcer: Announcer, linker: Linker, *, graph: Graph, cutoffs: Cutoffs,
        wait: Callable[[Claim], None],
    ) -> None:  # fmt: skip
        self._store = store
        self._announcer = announcer
        self._linker = linker
        self._graph = graph
        self._cutoffs = cutoffs
        self._wait = wait
        self._typed: dict[str, dict[str, _Typed]] = {}
        """By visitor (hash) and kind."""
        self._forgotten: list[tuple[bytes, str, str]] = []
        """A heap of (order key, visitor, kind): what was typed when, to be forgotten in this order."""

    @property
    def any(self) -> bool:
        """Whether anything has been typed lately."""
        return bool(self._typed)

    def load(self) -> None:
        """Read them back after a restart."""
        for name, value in self._store.scan(CLAIM):
            visitor_type, last, address, typed = orjson.loads(value)
            visitor, kind = (visitor_type, name[1:17].hex()), EMAIL if name[17:] == b"e" else PHONE
            claim = Claim(visitor, tuple(address), bytes.fromhex(typed)) if address else None
            self._typed.setdefault(visitor[1], {})[kind] = _Typed(visitor, bytes.fromhex(last), claim)
            heappush(self._forgotten, (bytes.fromhex(last), visitor[1], kind))
            if claim is not None:
                self._wait(claim)

    def take(
        self, key: bytes, identifiers: Sequence[Hashed], previous: int, weak: int, confirms: str, order: int
    ) -> None:
        """An event types addresses, or confirms what was typed: first its own link, then its claims.

        `key` is its order key; `identifiers`, `previous`, `weak`, `confirms` and `order` are as in `link_log.py:Link`.
        """
        named, said = identifiers, order
        if key < self._cutoffs.latest:
            cut = self._linker.without_cut(key, identifiers, previous, weak, order)
            identifiers, previous, weak, order = cut
            if not identifiers:
                self._linker.void(key, named, said, order)
                return
        strong = len(identifiers) - previous - weak
        claimed = [one for one in identifiers[strong : strong + weak] if one[0] not in REFERENCES]
        own = [one for nth, one in enumerate(identifiers) if nth < strong or one not in claimed]
        weak -= len(claimed)
        if len(own) > 1 or order:
            self._linker.link_anew(key, own, previous, weak, order)
        pairs = _Pairs(key, len(own))
        for address in claimed:
            self._type(pairs, own[0], address)
        if confirms:
            self._confirm(pairs, own, confirms)
        self._linker.void(key, named, said, order)
        self._forget_old()

    def fall_due(self, key: bytes, visitor: Hashed, address: Hashed) -> None:
        """A claim's time has come at `key`, if it is open still: `visitor` and `address` are its own."""
        typed = self._typed.get(visitor[1], {}).get(kind := _KINDS[address[0]])
        claim = None if typed is None else typed.claim
        if claim is not None and claim.address == address and claim.due == key:
            self._link(claim, key, _NTH[kind])

    def drop(self, identifiers: Iterable[str]) -> list[Claim]:
        """Forget all claims by or to `identifiers` (hashes), as they have been cut off; returns those open."""
        gone, dropped = set(identifiers), []
        for by_kind in list(self._typed.values()):
            for kind, typed in list(by_kind.items()):
                claim = typed.claim
                if claim is not None and (claim.visitor[1] in gone or claim.address[1] in gone):
                    dropped.append(claim)
                    self._close(claim)
                if typed.visitor[1] in gone:
                    self._forget(typed.visitor[1], kind)
        return dropped

    def refuse(self, claims: Iterable[Claim], at: bytes) -> None:
        """These `claims` are none any more from the merge key `at` on: their addresses are not the visitors'."""
        for claim in claims:
            self._belongs(claim.visitor, claim.address, at, theirs=False)

    def _type(self, pairs: _Pairs, visitor: Hashed, address: Hashed) -> None:
        """A visitor types an address: it takes the place of the other that the same customer has typed."""
        kind, key = _KINDS[address[0]], pairs.key
        last = self._typed.get(visitor[1], {}).get(kind)
        if last is not None and key <= last.last:
            return
        if time_of(key) + DAY_MS < time_of(self._linker.newest):
            return
        self._remember(visitor, kind, key)
        open_ = [claim for claim in self._open(visitor[1]) if _KINDS[claim.address[0]] == kind]
        is_open = any(claim.address == address for claim in open_)
        if not is_open and any(claim.typed > key for claim in open_):
            # It came late: another has taken its place already.
            self._belongs(visitor, address, merge_key(key, pairs.next()), theirs=False)
            return
        for claim in open_:
            if claim.address != address and claim.typed < key:
                self._replace(pairs, claim)
        profile_id = self._graph.owner.get(visitor[1])
        is_own = profile_id is not None and profile_id == self._graph.owner.get(address[1])
        if is_own or is_open:
            return
        if self._graph.are_two(visitor, address):
            self._linker.pair(key, pairs.next(), visitor, address, key)
            return
        if address[1] in self._graph.disputed:
            self._belongs(visitor, address, merge_key(key, pairs.next()), theirs=True)
        typed = self._typed[visitor[1]][kind]
        typed.claim = Claim(visitor, address, key)
        self._put(typed, kind)
        self._wait(typed.claim)

    def _confirm(self, pairs: _Pairs, named: Sequence[Hashed], confirms: str) -> None:
        """What was typed before an order, an identify or a click links now, unless another address is given with it."""
        if confirms in (ORDER, IDENTIFY):
            claims = self._open(named[0][1])
        else:
            claims = [claim for claim in self._held_by(self._graph.live(confirms)) if claim.address in named]
        given = {_KINDS[type_] for type_, _ in named if type_ in _KINDS} if confirms == IDENTIFY else ()
        for claim in claims:
            if claim.typed > pairs.key:
                continue
            if claim.address in named and confirms in (ORDER, IDENTIFY):
                # The event's own link has decided.
                self._close(claim)
            elif _KINDS[claim.address[0]] in given:
                self._replace(pairs, claim)
            else:
                self._link(claim, pairs.key, pairs.next())

    def _link(self, claim: Claim, key: bytes, nth: int) -> None:
        self._close(claim)
        if not self._linker.pair(key, nth, claim.visitor, claim.address, claim.typed):
            self._belongs(claim.visitor, claim.address, merge_key(key, nth), theirs=False)

    def _replace(self, pairs: _Pairs, claim: Claim) -> None:
        self._close(claim)
        self._belongs(claim.visitor, claim.address, merge_key(pairs.key, pairs.next()), theirs=False)

    def _belongs(self, visitor: Hashed, address: Hashed, at: bytes, *, theirs: bool) -> None:
        """Tell the visitor's profile whether the address is theirs from a merge key on."""
        if not theirs:
            self._linker.dispute(address[1])
        profile_id = self._graph.profile_of(visitor[1])
        self._announcer.tell(profile_id, Belongs(profile_id, address[1], at.hex(), theirs))

    # -- which are open

    def _open(self, visitor: str) -> list[Claim]:
        """The claims of the customer that a visitor (a hash) is, in the order in which they were typed."""
        profile_id = self._graph.owner.get(visitor)
        return self._of((visitor,)) if profile_id is None else self._held_by(profile_id)

    def _held_by(self, profile_id: str) -> list[Claim]:
        return self._of(self._graph.members.get(profile_id, (profile_id,)))

    def _of(self, visitors: Iterable[str]) -> list[Claim]:
        found = []
        for visitor in visitors:
            if (by_kind := self._typed.get(visitor)) is not None:
                found += [typed.claim for typed in by_kind.values() if typed.claim is not None]
        return sorted(found, key=lambda claim: (claim.typed, claim.address)) if len(found) > 1 else found

    # -- what is kept

    def _remember(self, visitor: Hashed, kind: str, key: bytes) -> None:
        """A visitor has typed something of this kind at an order key."""
        typed = self._typed.setdefault(visitor[1], {}).setdefault(kind, _Typed(visitor, key))
        typed.last = key
        heappush(self._forgotten, (key, visitor[1], kind))
        self._put(typed, kind)

    def _close(self, claim: Claim) -> None:
        kind = _KINDS[claim.address[0]]
        typed = self._typed[claim.visitor[1]][kind]
        typed.claim = None
        self._put(typed, kind)

    def _put(self, typed: _Typed, kind: str) -> None:
        claim = typed.claim
        of = (None, None) if claim is None else (claim.address, claim.typed.hex())
        self._store.put(_name(typed.visitor[1], kind), orjson.dumps((typed.visitor[0], typed.last.hex(), *of)))

    def _forget_old(self) -> None:
        """Forget what was typed a day ago."""
        reached = time_of(self._linker.newest)
        while self._forgotten and time_of(self._forgotten[0][0]) + DAY_MS < reached:
            last, visitor, kind = heappop(self._forgotten)
            typed = self._typed.get(visitor, {}).get(kind)
            if typed is not None and typed.last == last:
                if typed.claim is not None:
                    # Late: it is to fall due yet.
                    heappush(self._forgotten, (last, visitor, kind))
                    return
                self._forget(visitor, kind)

    def _forget(self, visitor: str, kind: str) -> None:
        by_kind = self._typed[visitor]
        del by_kind[kind]
        if not by_kind:
            del self._typed[visitor]
        self._store.delete(_name(visitor, kind))


class _Pairs:
    """Numbers what one event says behind the pairs of its own link, of which it has less than `count`."""

    def __init__(self, key: bytes, count: int) -> None:
        self.key = key
        self._nth = count - 1

    def next(self) -> int:
        """The number of the next."""
        self._nth += 1
        return self._nth


def _name(visitor: str, kind: str) -> bytes:
    return CLAIM + bytes.fromhex(visitor) + (b"e" if kind == EMAIL else b"p")
