"""The truth about identities: which profile each event of a group fell into, following what was published.

A group is small and its acts come in the order of their times, so this is the identity policy in its plainest form: no
logs, no limits (the shop stays below them). Three things do not join: a family tablet changes hands, an address that
was only typed is somebody else's, an order is named by two customers. Times are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from deploy.shop.truth_carts import MINUTE, Basket, Effect, absorb, act, fire
from schemas.identifiers import DEVICE_LIKE, NO_PERSON, ORDER_ID, REFERENCES, USER_ID, Identifier

ALIAS: Final = "alias"
PLAIN: Final = "plain"
WEAK: Final = "weak"
CLAIM_AFTER: Final = 30 * MINUTE
"""How long after it was typed an address links, unless another has taken its place."""
"""How two identifiers are linked: by an alias call, by standing side by side, by one only typed or a purchase's."""


class Refusal(NamedTuple):
    """A link that joined nothing: when it was named, between which two, by which rule.

    `moved`: the other went to the head's.
    """

    at: int
    head: Identifier
    other: Identifier
    rule: str
    moved: bool


class Claim(NamedTuple):
    """An address that was typed at a time, and by whom."""

    at: int
    visitor: Identifier
    address: Identifier

    @property
    def due(self) -> int:
        """The millisecond at whose end it links."""
        return self.at + CLAIM_AFTER - 1


@dataclass(slots=True, eq=False)
class Person:
    """One profile as it grew: its identifiers, its basket, and the profile it was merged into, if it was."""

    no: int
    identifiers: dict[Identifier, None]
    basket: Basket = field(default_factory=Basket)
    seen: int = 0
    """When a link first mentioned it, counted in the group; 0 = not yet."""
    into: Person | None = None

    @property
    def has_user(self) -> bool:
        """Whether it holds a user id: two such profiles never join, save by an alias call."""
        return any(i.type == USER_ID for i in self.identifiers)

    @property
    def has_person(self) -> bool:
        """Whether it holds an identifier that is a person's own."""
        return any(i.type not in NO_PERSON for i in self.identifiers)

    @property
    def is_nameless(self) -> bool:
        """Whether it holds nothing but the numbers of purchases."""
        return all(i.type in REFERENCES for i in self.identifiers)

    def strength(self) -> int:
        """How well it is known, 0 the best."""
        return min(i.rank for i in self.identifiers)

    def now(self) -> Person:
        """The profile this one is part of today."""
        person = self
        while person.into is not None:
            person = person.into
        return person


class Walk:
    """Follows one group. `note(person, row)` is called with each cart transition."""

    def __init__(self, note: Callable[[Person, dict[str, Any]], None]) -> None:
        self._note = note
        self._owner: dict[Identifier, Person] = {}
        self._seen = 0
        self._people = 0
        self._typed: set[Identifier] = set()
        """Addresses that were only typed so far."""
        self._claims: list[Claim] = []
        self.refused: list[Refusal] = []
        """Each link that joined nothing."""

    def event(
        self,
        at: int,
        identifiers: tuple[Identifier, ...],
        previous: tuple[Identifier, ...],
        effect: Effect | None,
        *,
        active: bool,
        weak: int = 0,
        confirms: str = "",
    ) -> None:
        """Take in an event published at the time `at`, later than all before it. `identifiers` come strongest first.

        `previous`: identifiers that an alias call names; `active`: the event counts as activity; `weak`: how many
        `identifiers` at the end were only typed or only name a purchase; `confirms`: it is an "order" or an "identify".
        """
        self._fall_due(at)
        head, *others = identifiers
        typed = [i for nth, i in enumerate(others) if nth >= len(others) - weak and i.type not in REFERENCES]
        for nth, other in enumerate(others):
            if other not in previous and other not in typed:
                self._link(at, head, other, PLAIN if nth < len(others) - weak else WEAK)
        for other in previous:
            self._link(at, head, other, ALIAS)
        for address in typed:
            self._type(at, head, address)
        if confirms:
            self._confirm(at, head, {head, *others, *previous} - set(typed), identify=confirms == "identify")
        person = self._person(head)
        if active or effect is not None:
            self._tell(person, fire(person.basket, at))
            self._tell(person, act(person.basket, at, effect, active=active))

    def finish(self) -> None:
        """Let time run out: every cart left open is abandoned, and every abandoned one expires."""
        self._fall_due(None)
        for person in self.people():
            for row in fire(person.basket, None):
                self._note(person, row)

    def people(self) -> Iterator[Person]:
        """The profiles there are now, in the order in which they came up."""
        return iter(dict.fromkeys(self._owner.values()))

    def owner(self, identifier: Identifier) -> Person | None:
        """Whose an identifier is now."""
        return self._owner.get(identifier)

    def _person(self, identifier: Identifier) -> Person:
        person = self._owner.get(identifier)
        if person is None:
            self._people += 1
            person = self._owner[identifier] = Person(self._people, {identifier: None})
        return person

    def _mention(self, *people: Person) -> None:
        for person in people:
            if not person.seen:
                self._seen += 1
                person.seen = self._seen

    def _link(self, at: int, head: Identifier, other: Identifier, how: str) -> None:
        ours, theirs = self._person(head), self._person(other)
        if ours is not theirs:
            self._join(at, head, other, how)
        self._typed.discard(head)
        if how != WEAK:
            self._typed.discard(other)

    def _type(self, at: int, head: Identifier, address: Identifier) -> None:
        """An address is typed: it takes the place of the other of its kind that this customer has typed."""
        ours = self._person(head)
        mine = [claim for claim in self._claims if self._person(claim.visitor) is ours]
        mine = [claim for claim in mine if claim.address.type == address.type]
        self._claims = [claim for claim in self._claims if claim not in mine or claim.address == address]
        if self._person(address) is ours or any(claim.address == address for claim in mine):
            return
        if self._are_two(ours, self._person(address), address):
            self._link(at, head, address, WEAK)
        else:
            self._claims.append(Claim(at, head, address))

    def _confirm(self, at: int, head: Identifier, named: set[Identifier], *, identify: bool) -> None:
        """What this customer has typed links, unless the identify call gives another address of its kind."""
        given = {one.type for one in named} if identify else set()
        for claim in [claim for claim in self._claims if self._person(claim.visitor) is self._person(head)]:
            self._claims.remove(claim)
            if claim.address not in named and claim.address.type not in given:
                self._claimed(at, claim)

    def _fall_due(self, at: int | None) -> None:
        """What was typed half an hour before a time (None: ever) links."""
        while due := [claim for claim in self._claims if at is None or claim.due < at]:
            claim = min(due, key=lambda claim: claim.due)
            self._claims.remove(claim)
            self._claimed(claim.due, claim)

    def _claimed(self, at: int, claim: Claim) -> None:
        refused = len(self.refused)
        self._link(at, claim.visitor, claim.address, WEAK)
        self.refused[refused:] = [one._replace(at=claim.at) for one in self.refused[refused:]]

    def _are_two(self, ours: Person, theirs: Person, address: Identifier) -> bool:
        """Whether an address was typed by one person and is another's."""
        given = theirs.seen > 0 and address not in self._typed
        others = any(i != address and i.type not in NO_PERSON for i in theirs.identifiers)
        return ours.has_person and (given or others)

    def _join(self, at: int, head: Identifier, other: Identifier, how: str) -> None:
        """Two that are not one profile yet are named together."""
        ours, theirs = self._person(head), self._person(other)
        if other.type in REFERENCES and not ours.is_nameless and not theirs.is_nameless:
            if other.type == ORDER_ID and how == PLAIN and not (ours.has_person and theirs.has_person):
                self._merge(at, ours, theirs)
            else:
                self._refuse(at, head, other, "order_id", moved=ours.strength() < theirs.strength())
            return
        if how == WEAK and other.type not in REFERENCES:
            if self._are_two(ours, theirs, other):
                self._refuse(at, head, other, "typed")
                return
            if not theirs.seen:
                self._typed.add(other)
        if ours.has_user and theirs.has_user and how != ALIAS:
            if other.type not in DEVICE_LIKE:
                raise AssertionError(f"the shop shared a person's {other.type}: the truth would not be exact")
            self._refuse(at, head, other, "user_limit", moved=True)
            return
        self._merge(at, ours, theirs)

    def _refuse(self, at: int, head: Identifier, other: Identifier, rule: str, *, moved: bool = False) -> None:
        """A link joins nothing; `moved`: the other identifier alone changes hands."""
        self.refused.append(Refusal(at, head, other, rule, moved))
        if moved:
            ours, theirs = self._person(head), self._person(other)
            self._mention(ours, theirs)
            del theirs.identifiers[other]
            ours.identifiers[other] = None
            self._owner[other] = ours

    def _merge(self, at: int, ours: Person, theirs: Person) -> None:
        """Two profiles are one from now on: of the one with a user id, with a name, first seen."""
        self._mention(ours, theirs)
        ours_first = (ours.has_user, not ours.is_nameless, -ours.seen)
        theirs_first = (theirs.has_user and not ours.has_user, not theirs.is_nameless, -theirs.seen)
        self._absorb(at, *((ours, theirs) if ours_first > theirs_first else (theirs, ours)))

    def _absorb(self, at: int, winner: Person, loser: Person) -> None:
        for person in (loser, winner):
            self._tell(person, fire(person.basket, at))
        self._tell(winner, absorb(winner.basket, loser.basket, at))
        for identifier in loser.identifiers:
            self._owner[identifier] = winner
        winner.identifiers.update(loser.identifiers)
        loser.identifiers.clear()
        loser.into = winner

    def _tell(self, person: Person, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            self._note(person, row)
