"""Keyed state of one partition of one agent: a base that holds whole units, and the unit being made on top of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import orjson

BUCKET: Final = 17
"""Keys are mostly one byte of kind and the sixteen of a profile id, then more: scans ask for that prefix."""
_FEW: Final = 10_000
"""So many deleted keys may stay in the buckets, however few there are."""
RESERVED: Final = b"\xff\xff"
"""Keys that begin so are the runtime's own."""
PURGE: Final = b"\xfepurge"
"""The prefixes to `purge` with a unit, in that unit: whoever has restored it knows that it is still to be done."""


class Position(NamedTuple):
    """Where a base stands: the last unit it holds, the input offset of that, and the changelog offset behind it."""

    epoch: int
    sequence: int
    offset: int
    next: int


class Base(Protocol):
    """Durable or not, what earlier units have left. `write` is atomic."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if there is none."""
        ...

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under a prefix, sorted, as of this call."""
        ...

    def write(self, changes: Mapping[bytes, bytes | None], position: Position | None) -> None:
        """Put the values of `changes`, delete where None, and say where that brings it.

        No position: it holds nothing usable.
        """
        ...

    def position(self) -> Position | None:
        """Where it stands; None if it holds nothing usable."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def compact(self, prefixes: Sequence[bytes]) -> None:
        """Let nothing of what was deleted or replaced under these prefixes stay on disk."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...

    def __len__(self) -> int:
        """About how many keys it holds."""
        ...


class Buckets:
    """Keys grouped by their first 17 bytes, so that what is under a profile is found without looking at the rest.

    They are grouped when somebody looks: who never does, as journey, does not pay for it. What is deleted stays in its
    group until `renew`: whoever looks leaves it out.
    """

    def __init__(self) -> None:
        # Most buckets hold one key: a set for each would cost more than the keys.
        self._buckets: dict[bytes, bytes | set[bytes]] = {}
        self._news: list[bytes] = []
        self.add: Callable[[bytes], None] = self._news.append
        """Remembers a key: no more than a list's `append`, as it is called for every key that is written."""

    def under(self, prefix: bytes, keys: Iterable[bytes]) -> list[bytes]:
        """Those of the `keys`, all there are, that begin with a prefix, sorted; and perhaps some that were deleted."""
        if len(prefix) < BUCKET:
            return sorted([key for key in keys if key.startswith(prefix)])
        for key in self._news:
            self._add(key)
        self._news.clear()
        bucket = self._buckets.get(prefix[:BUCKET])
        if bucket is None:
            return []
        if not isinstance(bucket, set):
            return [bucket] if bucket.startswith(prefix) else []
        return sorted([key for key in bucket if key.startswith(prefix)])

    def renew(self, keys: Iterable[bytes]) -> None:
        """Only the `keys` are left."""
        self._buckets.clear()
        self._news[:] = keys

    def _add(self, key: bytes) -> None:
        start = key[:BUCKET]
        bucket = self._buckets.setdefault(start, key)
        if bucket is key:
            return
        if isinstance(bucket, set):
            bucket.add(key)
        elif bucket != key:
            self._buckets[start] = {bucket, key}


class MemoryBase:
    """A base that lives as long as the process: after a restart everything comes from the changelog."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys = Buckets()
        self._deleted = 0
        """How many keys were deleted since the buckets were renewed."""
        self._position: Position | None = None

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None if there is none."""
        return self._values.get(key)

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under a prefix, sorted, as of this call."""
        values = self._values
        return iter([(key, values[key]) for key in self._keys.under(prefix, self._all()) if key in values])

    def write(self, changes: Mapping[bytes, bytes | None], position: Position | None) -> None:
        """Put the values of `changes`, delete where None, and say where that brings it."""
        values = self._values
        for key, value in changes.items():
            if value is None:
                if values.pop(key, None) is not None:
                    self._deleted += 1
            else:
                if key not in values:
                    self._keys.add(key)
                values[key] = value
        if self._deleted > len(self) + _FEW:
            self._keys.renew(self._all())
            self._deleted = 0
        self._position = position

    def _all(self) -> Iterable[bytes]:
        return self._values

    def position(self) -> Position | None:
        """Where it stands."""
        return self._position

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._keys.renew(())
        self._deleted = 0
        self._position = None

    def compact(self, prefixes: Sequence[bytes]) -> None:
        """Nothing: whatever the `prefixes`, memory keeps no traces."""

    def close(self) -> None:
        """Nothing to let go of."""

    def __len__(self) -> int:
        return len(self._values)


_MISSING: Final = object()


class PartitionStore:
    """The `Store` of a task: reads see the unit being made; `unit` is to be made durable, `settle` says it is."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._unit: dict[bytes, bytes | None] = {}
        self._keys = Buckets()
        """Of the unit, and of what was put and deleted again within it: that is not looked for to be taken out."""
        self._stored: set[bytes] = set()
        """Keys that a scan has found in the base: what is scanned is mostly deleted next, and need not be asked for."""
        self._purge_if_due()

    def __len__(self) -> int:
        """How many keys the unit being made touches."""
        return len(self._unit)

    def get(self, key: bytes) -> bytes | None:
        """The value last put under a key, committed or not; None if there is none."""
        value = self._unit.get(key, _MISSING)
        return self.base.get(key) if value is _MISSING else value  # type: ignore[return-value]

    def put(self, key: bytes, value: bytes) -> None:
        """Set a value; it becomes durable with the next unit. Raises ValueError for a key of the runtime's own."""
        unit = self._unit
        if key not in unit:
            if not b"" < key < RESERVED:
                raise ValueError(f"state keys may not be empty or begin with {RESERVED!r}")
            self._keys.add(key)
        unit[key] = value

    def delete(self, key: bytes) -> None:
        """Remove a key. One that was put in this same unit and never before leaves no trace at all."""
        if key in self._stored or self.base.get(key) is not None:
            if key not in self._unit:
                self._keys.add(key)
            self._unit[key] = None
        else:
            self._unit.pop(key, None)

    def take(self, key: bytes) -> bytes:
        """The value last put, which is removed. Raises KeyError for a key that is not there."""
        unit = self._unit
        value = unit.get(key, _MISSING)
        if value is _MISSING:
            value = self.base.get(key)
            if value is not None:
                self._keys.add(key)
                unit[key] = None
                return value
        if value is None:
            raise KeyError(key.hex())
        self.delete(key)
        return value  # type: ignore[return-value]

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) under a prefix, sorted, as they stand at this call; changes made meanwhile are not seen."""
        found = list(self.base.scan(prefix))
        if len(prefix) >= BUCKET:
            self._stored.update([key for key, _ in found])
        touched = self._keys.under(prefix, self._unit)
        if not touched:
            return iter(found)
        unit = self._unit
        merged = [(k, v) for k, v in found if k not in unit]
        merged.extend((k, v) for k in touched if (v := unit.get(k)) is not None)
        merged.sort()
        return iter(merged)

    def unit(self) -> dict[bytes, bytes | None]:
        """The keys touched since the last unit, each with its value or None where it was deleted."""
        return self._unit

    def settle(self, position: Position) -> None:
        """Write the unit to the base in one batch, with the position it brings the base to, and begin the next."""
        self.base.write(self._unit, position)
        self._unit = {}
        self._keys.renew(())
        self._stored.clear()
        self._purge_if_due()

    def purge(self, prefixes: Sequence[bytes]) -> None:
        """Have all keys deleted under these prefixes, in this unit or before, gone from disk with this unit."""
        due = self.get(PURGE)
        known = [] if due is None else orjson.loads(due)
        self.put(PURGE, orjson.dumps([*known, *(prefix.hex() for prefix in prefixes)]))

    def _purge_if_due(self) -> None:
        due = self.base.get(PURGE)
        if due is not None:
            self.base.compact([bytes.fromhex(prefix) for prefix in orjson.loads(due)])
            self.delete(PURGE)
