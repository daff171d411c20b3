"""One protocol for all rules over a profile: who owns which of its fields, and what may happen to them.

`Profile` is flat, because it travels and is stored as it is; a slice of it is the set of fields that one machine names
in `fields`. Each field but those of `PLACE` is in exactly one slice, and only its machine says what becomes of it at a
merge and at a split. The machines are held and run in one order by streams/core/sealing/profile_logic.py.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple, Protocol, TypeVar

from streams.core.profile.event import Sealed
from streams.core.profile.state import Profile
from streams.core.protocol.ports import Addresses, GlobalStats, NothingSaid

PLACE: Final = frozenset({"id", "merging_into", "merging"})
"""Where a profile is and what waits in it for a merge: changed by handover and sealing, by no machine."""

Told_contra = TypeVar("Told_contra", contravariant=True)
Outcome_co = TypeVar("Outcome_co", covariant=True)


class Moment(NamedTuple):
    """What a timer may know besides the profile.

    `wall` is the wall clock that the round was started at (epoch milliseconds), None under the event clock; `known` is
    what is known of everybody, `addresses` what has been said of addresses.
    """

    wall: int | None
    known: GlobalStats
    addresses: Addresses = NothingSaid()


class Leaving(NamedTuple):
    """The identifiers that leave a profile for another in a split at `at` (epoch milliseconds).

    `by` holds the first 16 hex digits of the hash of each, as lines and touches remember who brought them; `takes`
    says of a type of identifier and a value whether that is one of them.
    """

    at: int
    by: frozenset[str]
    takes: Callable[[str, str], bool]

    def has(self, identifier: str) -> bool:
        """Whether an identifier, by its hash, is one of them."""
        return identifier[:16] in self.by


class Machine(Protocol[Told_contra, Outcome_co]):
    """The rules over one slice of a profile. A machine that has no timers, or that no event reaches, inherits these.

    Each method changes the profile that it is given and returns what follows from it, in order: its outcomes, which
    become rows or are what another machine is told. `told` is what an event has come to in a machine asked before,
    None for a machine that needs none of it. Times are epoch milliseconds.
    """

    fields: ClassVar[frozenset[str]]
    """The names of the fields of `Profile` that are this machine's."""

    def due_at(self, profile: Profile, /) -> int | None:  # noqa: ARG002 - a machine without timers
        """When the next timer of the slice is due: epoch milliseconds, None without one."""
        return None

    def on_time(self, profile: Profile, due: int, moment: Moment, /) -> Sequence[Outcome_co]:  # noqa: ARG002 - without timers
        """The timer of `due_at` has come, at `due` (epoch milliseconds); `moment` is what may be known besides."""
        return ()

    def on_event(self, profile: Profile, event: Sealed, told: Told_contra, /) -> Sequence[Outcome_co]:  # noqa: ARG002 - by default
        """An event takes effect; `told` is what it has come to in the machine that this one depends on."""
        return ()

    @abstractmethod
    def absorb(self, winner: Profile, loser: Profile, at: int, /) -> Sequence[Outcome_co]:
        """A merge at `at` (epoch milliseconds): the loser's slice becomes the winner's, the loser is gone."""
        ...

    @abstractmethod
    def divide(self, profile: Profile, share: Profile, leaving: Leaving, /) -> Sequence[Outcome_co]:
        """A split: what of the slice is the `share`'s goes there, or is on both sides from now on."""
        ...
