"""Which pairs of identifiers were linked, and when: what explains a link, and what a split runs through once more.

A pair is (head, other). A split rebuilds profiles by applying, in order, what is kept of the remaining pairs
(`split.py`). So an occurrence of a pair must be kept if the outcome could differ without it:

- A person's identifier never leaves its profile. The first occurrence of the pair decides, and the first of an alias
  call, because an alias joins what a mere mention does not.
- A device goes with whoever logs in last. If several heads link one device, the latest occurrence of each head is kept
  as well, since it says where the device was in the end. An occurrence gives way to a later one of the same head only
  as long as nothing depended on where the device was in between: that it was linked by a new head or by an alias call,
  that it linked another identifier itself, or that a head which it had linked moved.

- Weak evidence of one head is kept once, but again whenever another head has come between or its own device has moved.

So a tablet that two people share can be followed, and a customer who comes back a thousand times costs no more than one
who came once.

    PAIR       head (16) other (16) -> their types, then 22 bytes each: merge key, how it was named (`Evidence`)
    PAIR_BACK  other (16) head (16) -> nothing: so that all pairs of an identifier are found without looking at the rest
    DEVICE_RUN other (16) -> which head linked a device last (16) and how (1), then the heads whose latest occurrence
                             may give way to a later one (16 each); empty: whatever comes next is kept
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from schemas.identifiers import DEVICE_LIKE, NO_PERSON, REFERENCES
from streams.core.identity.evidence import Evidence
from streams.core.protocol.order_key import KEY_SIZE
from streams.core.protocol.ports import Store
from streams.core.protocol.state_keys import DEVICE_RUN, PAIR, PAIR_BACK

_HERE: Final = b"1"
_OCCURRENCE: Final = KEY_SIZE + 3
_HOW: Final = 17
MOST_KEPT: Final = 256
"""Occurrences of one pair: a tablet that two people pass to and fro for years keeps its first and its last log-ins."""
MOST_HEADS: Final = 64
NOBODY: Final = ""


class Occurrence(NamedTuple):
    """One link of a pair: its merge key, and how the other is named. Identifiers are (type, hash)."""

    key: bytes
    how: Evidence
    head: tuple[str, str]
    other: tuple[str, str]


class Names(dict[bytes, str]):
    """Hashes in hex by their bytes, each once, however many hold it."""

    def __missing__(self, raw: bytes) -> str:
        name = self[raw] = raw.hex()
        return name


class LinkHistory:
    """The pairs in the store, and in memory `last`: which head linked an identifier last (hashes in hex).

    `last` is NOBODY where that is not certain. A plain link by the same head again adds nothing, and almost every link
    is of that kind, so it is recognised without a look into the store. Of one pair `most_kept` occurrences are kept.
    """

    def __init__(self, store: Store, most_kept: int = MOST_KEPT) -> None:
        self._store = store
        self._most_kept = most_kept
        self.last: dict[str, str] = {}
        self._devices: set[str] = set()

    def load(self, names: Names) -> None:
        """Rebuild what is kept in memory."""
        last = self.last
        for name, value in self._store.scan(PAIR):
            head, other = names[name[1:17]], names[name[17:]]
            last[other] = NOBODY if other in last else head
            if _types(value)[0] in NO_PERSON:
                self._devices.add(head)
        for name, value in self._store.scan(DEVICE_RUN):
            last[names[name[1:]]] = names[value[:16]]

    def note(
        self, head: tuple[str, str], other: tuple[str, str], key: bytes, how: Evidence, *, late: bool = False
    ) -> None:
        """The pair was linked at the merge `key`; it is kept if it may have mattered, or came late: out of order.

        `head` and `other` are (type, hash in hex), `how` is how the other was named.
        """
        device, alias = other[0] in DEVICE_LIKE, how is Evidence.ALIAS
        loose = other[0] in REFERENCES or (how is Evidence.WEAK and head[0] in DEVICE_LIKE)
        h, o = bytes.fromhex(head[1]), bytes.fromhex(other[1])
        # Who has no last head is in no pair as the other: most that is new is so, and the store need not be asked.
        known = self._store.get(PAIR + h + o) if other[1] in self.last else None
        occurrence = key + bytes([how])
        if known is None:
            self._store.put(PAIR + h + o, _pack_types(head[0], other[0]) + occurrence)
            self._store.put(PAIR_BACK + o + h, _HERE)
            if device:
                if other[1] in self.last:
                    self._store.put(DEVICE_RUN + o, h + bytes([how]) + h)
                self._moved(other[1], o)
            elif loose:
                self._store.put(DEVICE_RUN + o, h + bytes([how]))
            self._used(head, h)
        elif late:
            self._keep(PAIR + h + o, known, occurrence, anew=False)
            if device or loose:
                self._store.put(DEVICE_RUN + o, b"")
                self._moved(other[1], o)
                self.last[other[1]] = NOBODY
            self._used(head, h)
            return
        elif loose:
            last = self._store.get(DEVICE_RUN + o)
            if not last or last[:16] != h or last[16] < how:
                self._keep(PAIR + h + o, known, occurrence, anew=False)
                self._store.put(DEVICE_RUN + o, h + bytes([how]))
                self._moved(other[1], o)
                self._used(head, h)
        elif not device:
            if _most(known) < how:
                self._keep(PAIR + h + o, known, occurrence, anew=False)
        else:
            run = self._store.get(DEVICE_RUN + o)
            same = run is None or run[:16] == h
            most = (_most(known) if run is None else run[16]) if same else 0
            if most < how:
                latest = [] if run is None else _heads(run)
                self._keep(PAIR + h + o, known, occurrence, anew=h in latest and not alias)
                latest = [h] if alias or len(latest) >= MOST_HEADS else [*(n for n in latest if n != h), h]
                if run is not None:
                    self._store.put(DEVICE_RUN + o, h + bytes([how]) + b"".join(latest))
                if not same:
                    self._moved(other[1], o)
                self._used(head, h)
        self.last[other[1]] = head[1]

    def closure(self, identifier: str) -> set[str]:
        """All identifiers that can be reached from one over pairs, itself included."""
        found, open_ = {identifier}, [identifier]
        while open_:
            name = bytes.fromhex(open_.pop())
            for near in (*self._store.scan(PAIR + name), *self._store.scan(PAIR_BACK + name)):
                hashed = near[0][17:].hex()
                if hashed not in found:
                    found.add(hashed)
                    open_.append(hashed)
        return found

    def among(self, identifiers: Iterable[str]) -> list[Occurrence]:
        """What is kept of the pairs whose head is one of `identifiers` (hex hashes), in order of their merge keys."""
        found = []
        for hashed in identifiers:
            for name, value in self._store.scan(PAIR + bytes.fromhex(hashed)):
                head, other = _types(value)
                for at in _starts(value):
                    occurrence = value[at : at + _OCCURRENCE]
                    how = Evidence(occurrence[-1])
                    found.append(Occurrence(occurrence[:-1], how, (head, hashed), (other, name[17:].hex())))
        return sorted(found)

    def of(self, identifier: str) -> list[tuple[str, str]]:
        """The pairs (head, other) that an identifier is in, as hashes."""
        name = bytes.fromhex(identifier)
        pairs = [(identifier, key[17:].hex()) for key, _ in self._store.scan(PAIR + name)]
        return pairs + [(key[17:].hex(), identifier) for key, _ in self._store.scan(PAIR_BACK + name)]

    def drop(self, identifier: str) -> int:
        """Forget all pairs of an identifier; returns how many there were."""
        store, name = self._store, bytes.fromhex(identifier)
        others = [key[17:] for key, _ in store.scan(PAIR + name)]
        heads = [key[17:] for key, _ in store.scan(PAIR_BACK + name)]
        for other in others:
            store.delete(PAIR + name + other)
            store.delete(PAIR_BACK + other + name)
            self._uncertain(other)
        for head in heads:
            store.delete(PAIR + head + name)
            store.delete(PAIR_BACK + name + head)
        store.delete(DEVICE_RUN + name)
        self.last.pop(identifier, None)
        self._devices.discard(identifier)
        return len(others) + len(heads)

    def _uncertain(self, other: bytes) -> None:
        """A head of `other` is gone: the next occurrence is kept, as it would have been without that head."""
        if next(self._store.scan(PAIR_BACK + other), None) is None:
            self._store.delete(DEVICE_RUN + other)
            self.last.pop(other.hex(), None)
        else:
            self._store.put(DEVICE_RUN + other, b"")
            self.last[other.hex()] = NOBODY

    def _moved(self, hashed: str, device: bytes) -> None:
        """A device may have left those that it had linked itself: the next time it links them is kept."""
        if hashed not in self._devices:
            return
        for name, _ in self._store.scan(PAIR + device):
            other = name[17:]
            if self.last.get(other.hex()) == hashed:
                self._store.put(DEVICE_RUN + other, b"")
                self.last[other.hex()] = NOBODY

    def _used(self, head: tuple[str, str], name: bytes) -> None:
        """A device has linked another: where it was by then must not give way to where it is later."""
        if head[0] not in NO_PERSON:
            return
        self._devices.add(head[1])
        run = self._store.get(DEVICE_RUN + name)
        if run is not None and len(run) > _HOW:
            self._store.put(DEVICE_RUN + name, run[:_HOW])

    def _keep(self, name: bytes, known: bytes, occurrence: bytes, *, anew: bool) -> None:
        """Keep an occurrence of a known pair; `anew`: in place of its latest, if that is not its first."""
        starts = _starts(known)
        if anew and len(starts) > 1:
            known = known[:-_OCCURRENCE]
        elif len(starts) >= self._most_kept:
            middle = starts[self._most_kept // 2]
            known = known[:middle] + known[middle + _OCCURRENCE :]
        self._store.put(name, known + occurrence)


@lru_cache(maxsize=4096)
def _pack_types(head: str, other: str) -> bytes:
    parts = (head.encode(), other.encode())
    return b"".join(bytes([len(part)]) + part for part in parts)


def _types(value: bytes) -> tuple[str, str]:
    size = value[0]
    return value[1 : 1 + size].decode(), value[2 + size : 2 + size + value[1 + size]].decode()


def _starts(value: bytes) -> range:
    first = value[0] + 2
    return range(first + value[first - 1], len(value), _OCCURRENCE)


def _heads(run: bytes) -> list[bytes]:
    return [run[at : at + 16] for at in range(_HOW, len(run), 16)]


def _most(value: bytes) -> int:
    """What the occurrences of a pair amount to."""
    return max(value[at + _OCCURRENCE - 1] for at in _starts(value))
