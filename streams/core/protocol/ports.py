"""What the core asks of the runtime, and what the runtime may ask of the core: one shape for every keyed agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from schemas.record import Out, Record

MAX_TIME: Final = 253_402_300_799_999
"""Epoch milliseconds of the last moment of the year 9999: stands for infinity in watermarks and due times."""


class Store(Protocol):
    """The keyed state of one (agent, partition): bytes to bytes, atomic a unit."""

    def get(self, key: bytes) -> bytes | None:
        """The value last put under the key, committed or not; None if there is none."""
        ...

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key; it becomes durable with the next unit."""
        ...

    def delete(self, key: bytes) -> None:
        """Remove a key; a key that is not there is no error."""
        ...

    def take(self, key: bytes) -> bytes:
        """The value last put, which is removed. Raises KeyError for a key that is not there."""
        ...

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All (key, value) whose key starts with the prefix, sorted by key, as they stand now."""
        ...

    def purge(self, prefixes: Sequence[bytes]) -> None:
        """Have all keys deleted under these prefixes, by this unit or before, gone from disk, not only hidden."""
        ...


class Emit(Protocol):
    """Where a task puts its outputs."""

    def send(self, out: Out) -> None:
        """Send a record with the chunk's outputs."""
        ...

    def after(self, out: Out) -> None:
        """Send a record only when every `send` before it has been acknowledged by the broker."""
        ...


class Task(Protocol):
    """One partition of one agent: synchronous, without clock or I/O, a function of its input log alone."""

    def load(self) -> None:
        """Build what is kept in memory from the store. Called once, after restore and before the first record."""
        ...

    def process(self, records: Sequence[Record]) -> int:
        """Consume records from the front; returns how many are wholly consumed.

        Fewer than given, even 0, means: call again with the rest. Each call makes progress.
        """
        ...

    def flush(self) -> None:
        """Write decoded objects back to the store and emit coalesced outputs. Called before each unit."""
        ...


class GlobalStats(Protocol):
    """What everybody does, as known at a time `at` (epoch milliseconds)."""

    def rate(self, channel: str, at: int) -> tuple[int, int]:
        """(messages sent, responses to them) on a channel."""
        ...

    def hours(self, at: int) -> Sequence[int]:
        """The responses by local hour: 24 counts."""
        ...

    def bought_with(self, product_id: str, at: int) -> list[tuple[str, int]]:
        """(product id, orders) of what was bought together with a product: most first, of equals by id."""
        ...

    def product(self, product_id: str, at: int) -> dict[str, Any] | None:
        """The newest facts about a product that has been bought: {name, url, image_url, price, currency}.

        `product_id` is that of the events; None for a product that nobody has bought.
        """
        ...


class Addresses(Protocol):
    """What has been said of addresses, whoever has them."""

    def refuses(
        self, profile_id: str, channel: str, topic: str | None, address: str, at: int, *,
        own_yes: tuple[int, int] = (0, 0), deal: bool = False,
    ) -> bool:  # fmt: skip
        """Whether a message about a `topic` must not go to an address on a channel at `at` (epoch milliseconds).

        `profile_id` (hex) is the profile that would be written to, `own_yes` when it has said yes itself, to the
        channel and to the topic (0: never). `deal`: the message asks for no consent, so only a complaint or a bounce
        holds it back.
        """
        ...


class NothingSaid:
    """Nothing has been said of any address."""

    def refuses(
        self, _profile_id: str, _channel: str, _topic: str | None, _address: str, _at: int, *,
        own_yes: tuple[int, int] = (0, 0), deal: bool = False,
    ) -> bool:  # fmt: skip
        """Whether a message must not go to an address: never, whatever `own_yes`, also not one of a `deal`."""
        del deal, own_yes
        return False
