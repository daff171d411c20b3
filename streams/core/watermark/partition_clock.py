"""The clock of one journey partition. Rounds move it (`journey.py`), everything else in the partition reads it."""

from __future__ import annotations

from dataclasses import dataclass

from streams.core.protocol.order_key import START_OF_TIME


@dataclass(slots=True)
class PartitionClock:
    """How far time has come in one partition. Bounds are as of `protocol/order_key.py`."""

    reached: bytes = START_OF_TIME
    """The bound up to which everything has taken effect in the profiles of this partition."""
    barrier_closed: bytes = START_OF_TIME
    """The last barrier before which everything has taken effect in profiles that wait in others as well."""
    switched: bytes = b""
    """The bound at which other campaigns took over last. What is overdue by them is decided when time has gone on from
    there: of two switches at one bound the first decides nothing (docs/contract.md 8.90)."""
    wall: int | None = None
    """The wall clock in epoch milliseconds, as the last round brought it; None under the event clock."""
