"""Who is in the audiences of one webhook, and what it has been told: a function of two topics."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

import orjson

from schemas import times
from schemas.audiences import MemberKey

ADS: Final = "ads"


class Hash(NamedTuple):
    """One hash in one audience."""

    audience: str
    identifier: str
    sha256: str


class Holder(NamedTuple):
    """A profile whose hash it is: where others may say no, and when the customer has said yes (epoch ms, 0: never)."""

    addresses: tuple[tuple[str, int], ...]


class Members:
    """Records of `audiences.members` and `contact.suppressions`, taken in order.

    A hash belongs in an audience while a profile has it there that nobody's no keeps out. `told` is what the webhook
    knows of a hash: that it is in, that it is not, or None where that is not sure.
    """

    def __init__(self) -> None:
        self.told: dict[Hash, bool | None] = {}
        self._holders: dict[Hash, dict[str, Holder]] = {}
        self._by_address: defaultdict[str, set[Hash]] = defaultdict(set)
        self._refused: dict[str, int] = {}

    def member(self, key: MemberKey, value: bytes | None) -> Hash:
        """Take in key and value of a record of `audiences.members`; returns the hash that it is about.

        Raises ValueError.
        """
        which = Hash(key.audience, key.identifier, key.sha256)
        holders = self._holders.setdefault(which, {})
        before = holders.pop(key.profile_id, None)
        if value is not None:
            holders[key.profile_id] = new = _holder(value)
            for address, _ in new.addresses:
                self._by_address[address].add(which)
        still = {address for holder in holders.values() for address, _ in holder.addresses}
        for address, _ in before.addresses if before is not None else ():
            if address not in still:
                self._by_address[address].discard(which)
                if not self._by_address[address]:
                    del self._by_address[address]
        if not holders:
            del self._holders[which]
        return which

    def said(self, key: bytes | None, value: bytes | None) -> tuple[Hash, ...]:
        """Take in key and value of a record of `contact.suppressions`; returns the hashes that it may concern.

        Raises ValueError.
        """
        if not key:
            return ()
        row = {} if value is None else orjson.loads(value)
        address = key.decode()
        if row.get("suppressed") is True:
            if row.get("channel") != ADS:
                return ()
            self._refused[address] = times.parse(row.get("since")) or 0
        elif self._refused.pop(address, None) is None:
            return ()
        return tuple(sorted(self._by_address.get(address, ())))

    def belongs(self, which: Hash) -> bool:
        """Whether a hash is to be in its audience now."""
        return any(not self._kept_out(holder) for holder in self._holders.get(which, {}).values())

    def settle(self) -> None:
        """All that the webhook has been told of is read: it knows who belongs now."""
        self.told = {which: True for which in self._holders if self.belongs(which)}

    def changes(self, some: list[Hash]) -> tuple[list[Hash], list[Hash]]:
        """Of these hashes those to add, and those to remove: what the webhook does not know."""
        add = [which for which in some if self.belongs(which) and self.told.get(which) is not True]
        remove = [which for which in some if not self.belongs(which) and self.told.get(which, False) is not False]
        return add, remove

    def know(self, some: list[Hash], *, inside: bool) -> None:
        """The webhook knows of `some` hashes that they are `inside`, or not."""
        for which in some:
            if inside:
                self.told[which] = True
            else:
                self.told.pop(which, None)

    def doubt(self, some: list[Hash]) -> None:
        """It is not sure what the webhook knows of `some` hashes."""
        self.told.update(dict.fromkeys(some))

    def _kept_out(self, holder: Holder) -> bool:
        """Whether somebody has said no of an address of the customer, and the customer has not said yes since."""
        return any(self._refused.get(address, -1) >= agreed for address, agreed in holder.addresses)


def _holder(value: bytes) -> Holder:
    row = orjson.loads(value)
    if not isinstance(row, dict) or not isinstance(row.get("addresses"), list):
        raise TypeError("no member of an audience")
    return Holder(tuple((str(one["address_hash"]), times.parse(one["agreed_at"]) or 0) for one in row["addresses"]))
