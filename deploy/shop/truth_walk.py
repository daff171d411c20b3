"""The truth about identities: which profile each event of a group fell into, following what was published.

A group is small and its acts come in the order of their times, so this is the identity policy in its plainest form: no
logs, no limits (the shop stays below them), one exception that is meant to happen: a family tablet changes hands. Times
are epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from deploy.shop.truth_carts import Basket, Effect, absorb, act, fire
from schemas.identifiers import DEVICE_LIKE, USER_ID, Identifier


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
        self.moves: list[tuple[int, Identifier, Identifier]] = []
        """(time, device-like identifier, user id it went to): each time a shared device changed hands."""

    def event(
        self,
        at: int,
        identifiers: tuple[Identifier, ...],
        previous: tuple[Identifier, ...],
        effect: Effect | None,
        *,
        active: bool,
    ) -> None:
        """Take in an event published at the time `at`, later than all before it. `identifiers` come strongest first.

        `previous`: identifiers that an alias call names; `active`: the event counts as activity.
        """
        head = identifiers[0]
        for other in identifiers[1:] + previous:
            self._link(at, head, other, alias=other in previous)
        person = self._person(head)
        if active or effect is not None:
            self._tell(person, fire(person.basket, at))
            self._tell(person, act(person.basket, at, effect, active=active))

    def finish(self) -> None:
        """Let time run out: every cart left open is abandoned, and every abandoned one expires."""
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

    def _mention(self, identifier: Identifier) -> Person:
        person = self._person(identifier)
        if not person.seen:
            self._seen += 1
            person.seen = self._seen
        return person

    def _link(self, at: int, head: Identifier, other: Identifier, *, alias: bool) -> None:
        ours, theirs = self._mention(head), self._mention(other)
        if ours is theirs:
            return
        if ours.has_user and theirs.has_user and not alias:
            if other.type not in DEVICE_LIKE:
                raise AssertionError(f"the shop shared a person's {other.type}: the truth would not be exact")
            del theirs.identifiers[other]
            ours.identifiers[other] = None
            self._owner[other] = ours
            self.moves.append((at, other, head))
            return
        ours_first = (ours.has_user, -ours.seen) > (theirs.has_user, -theirs.seen)
        winner, loser = (ours, theirs) if ours_first or (ours.has_user and theirs.has_user) else (theirs, ours)
        self._merge(at, winner, loser)

    def _merge(self, at: int, winner: Person, loser: Person) -> None:
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
