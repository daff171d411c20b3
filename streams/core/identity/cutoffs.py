"""Up to when the links of an identifier are void: those of before a split that cut it off, or before its erasure."""

from __future__ import annotations

from streams.core.protocol.order_key import START_OF_TIME, bound
from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import CUT_OFF, ERASED_AT, SOLD


class Cutoffs:
    """`of`: identifier (hash) -> the bound before which its links are void; `erased`: when it was erased, epoch ms.

    `latest` is the latest of the bounds: no link behind it is void. `sold`: orders (hash) that are counted without
    being linked, in which profile; empty for one that was erased.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.of: dict[str, bytes] = {}
        self.erased: dict[str, int] = {}
        self.sold: dict[str, str] = {}
        self.latest = START_OF_TIME

    def load(self) -> None:
        """Read them back after a restart."""
        for key, value in self._store.scan(CUT_OFF):
            self.of[key[1:].hex()] = value
            self.latest = max(self.latest, value)
        for key, value in self._store.scan(ERASED_AT):
            self.erased[key[1:].hex()] = int.from_bytes(value, "big")
        self.sold.update((key[1:].hex(), value.hex()) for key, value in self._store.scan(SOLD))

    def cut(self, identifier: str, at: int) -> None:
        """Links of the identifier up to `at` (epoch milliseconds) are void from now on."""
        reach = max(bound(at + 1), self.of.get(identifier, START_OF_TIME))
        self.of[identifier] = reach
        self.latest = max(self.latest, reach)
        self._store.put(CUT_OFF + bytes.fromhex(identifier), reach)

    def erase(self, identifier: str, at: int) -> None:
        """The identifier was erased at `at` (epoch milliseconds): nothing from before is taken in again."""
        self.cut(identifier, at)
        at = self.erased[identifier] = max(at, self.erased.get(identifier, 0))
        self._store.put(ERASED_AT + bytes.fromhex(identifier), at.to_bytes(8, "big"))

    def sell(self, order: str, profile_id: str) -> None:
        """An `order` (hash) counts in a profile (`profile_id`, hex) without being linked; "": of one that is erased."""
        self.sold[order] = profile_id
        self._store.put(SOLD + bytes.fromhex(order), bytes.fromhex(profile_id))
