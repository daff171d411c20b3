"""Who is in the audiences of one webhook, and what it has been told: a function of two topics."""

from __future__ import annotations

from enum import Enum
from sys import intern
from typing import Final, NamedTuple

import orjson

from schemas import times
from schemas.audiences import MemberKey

ADS: Final = "ads"


class Hash(NamedTuple):
    """One hash in one audience."""

    audience: str
    identifier: str
    sha256: bytes


class Age(Enum):
    """What a record is to the webhook."""

    TOLD = "told"
    """It has been told of it."""
    UNSURE = "unsure"
    """It has not; what came between may be gone by compaction, so it is told whatever holds."""
    NEW = "new"
    """It has not, and all that came before is known."""


Holder = tuple[bytes, ...]
"""A profile whose hash it is, and the addresses of which others may say no: bytes, as there are millions of them."""


class Members:
    """Records of `audiences.members` and `contact.suppressions`, taken in order.

    A hash belongs in an audience while a profile has it there that nobody's no keeps out.
    """

    def __init__(self) -> None:
        self._holders: dict[Hash, tuple[Holder, ...]] = {}
        self._by_address: dict[bytes, tuple[Hash, ...]] = {}
        self._agreed: dict[Holder, tuple[int, ...]] = {}
        """When a customer has said yes of each address, where one has (epoch ms, 0: never)."""
        self._refused: dict[bytes, int] = {}
        self._open: dict[Hash, bool | None] = {}
        """What the webhook knows of a hash that has changed since: that it is in, or not, or None: it is not sure."""

    def member(self, key: MemberKey, value: bytes | None, age: Age = Age.NEW) -> Hash:
        """Take in key and value of a record of `audiences.members`; returns the hash that it is about.

        Raises ValueError.
        """
        which = Hash(intern(key.audience), intern(key.identifier), bytes.fromhex(key.sha256))
        profile, new = bytes.fromhex(key.profile_id), None
        if value is not None:
            new, agreed = _holder(profile, value)
        self._note(which, age)
        before = self._holders.get(which, ())
        gone = next((one for one in before if one[0] == profile), None)
        after = (*(one for one in before if one[0] != profile), *(() if new is None else (new,)))
        if after:
            self._holders[which] = after
        else:
            self._holders.pop(which, None)
        if new is not None and any(agreed):
            self._agreed[new] = agreed
        elif new is not None:
            self._agreed.pop(new, None)
        still = {address for holder in after for address in holder[1:]}
        for address in gone[1:] if gone is not None else ():
            if address not in still:
                self._forget(address, which)
        for address in new[1:] if new is not None else ():
            known = self._by_address.get(address, ())
            if which not in known:
                self._by_address[address] = (*known, which)
        return which

    def said(self, key: bytes | None, value: bytes | None, age: Age = Age.NEW) -> tuple[Hash, ...]:
        """Take in key and value of a record of `contact.suppressions`; returns the hashes that it may concern.

        Raises ValueError.
        """
        row = {} if value is None else orjson.loads(value)
        address = bytes.fromhex((key or b"").decode())
        refused = row.get("suppressed") is True and row.get("channel") == ADS
        if not refused and address not in self._refused:
            return ()
        some = self._by_address.get(address, ())
        for which in some:
            self._note(which, age)
        if refused:
            self._refused[address] = times.parse(row.get("since")) or 0
        else:
            del self._refused[address]
        return some

    def belongs(self, which: Hash) -> bool:
        """Whether a hash is to be in its audience now."""
        return any(not self._kept_out(holder) for holder in self._holders.get(which, ()))

    def changes(self, some: list[Hash]) -> tuple[list[Hash], list[Hash]]:
        """Of these hashes those to add, and those to remove: what the webhook does not know."""
        changed = [which for which in some if which in self._open and self._open[which] is not self.belongs(which)]
        add = [which for which in changed if self.belongs(which)]
        return add, [which for which in changed if not self.belongs(which)]

    def know(self, some: list[Hash], *, inside: bool) -> None:
        """The webhook knows of `some` hashes that they are `inside`, or not."""
        for which in some:
            if self.belongs(which) is inside:
                self._open.pop(which, None)
            else:
                self._open[which] = inside

    def doubt(self, some: list[Hash]) -> None:
        """It is not sure what the webhook knows of `some` hashes."""
        self._open.update(dict.fromkeys(some))

    def close(self, some: list[Hash]) -> None:
        """Of `some` hashes the webhook knows what holds, though nothing was to be told."""
        for which in some:
            if self._open.get(which) is self.belongs(which):
                del self._open[which]

    def _note(self, which: Hash, age: Age) -> None:
        """A hash is about to change: what the webhook knows of it by now."""
        if age is Age.UNSURE:
            self._open[which] = None
        elif age is Age.NEW:
            self._open.setdefault(which, self.belongs(which))

    def _forget(self, address: bytes, which: Hash) -> None:
        left = tuple(one for one in self._by_address.get(address, ()) if one != which)
        if left:
            self._by_address[address] = left
        else:
            self._by_address.pop(address, None)

    def _kept_out(self, holder: Holder) -> bool:
        """Whether somebody has said no of an address of the customer, and the customer has not said yes since."""
        if not self._refused:
            return False
        agreed = self._agreed.get(holder, (0,) * (len(holder) - 1))
        return any(self._refused.get(address, -1) >= yes for address, yes in zip(holder[1:], agreed, strict=True))


def _holder(profile: bytes, value: bytes) -> tuple[Holder, tuple[int, ...]]:
    """A profile with its addresses, and when the customer has said yes of each."""
    said = orjson.loads(value)["addresses"]
    addresses = tuple(bytes.fromhex(one["address_hash"]) for one in said)
    return (profile, *addresses), tuple(times.parse(one["agreed_at"]) or 0 for one in said)
