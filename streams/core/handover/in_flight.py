"""What a partition has forwarded since its last acknowledgement: the watermark must not pass it."""

from __future__ import annotations

from streams.core.protocol.order_key import KEY_SIZE, NOTHING, START_OF_TIME


class InFlight:
    """The earliest keys of what was forwarded, `NOTHING` if nothing was (`link_log.Ack` carries them to identify).

    `min_forwarded` is the earliest of all of it: a barrier (watermark/rounds.py) closes only when nothing of before it
    moves. `min_in_flight` leaves out what a merged profile has waiting: it takes effect with the merge, so of a merged
    profile the merge alone holds the watermark.
    """

    def __init__(self) -> None:
        self.min_in_flight = NOTHING
        self.min_forwarded = NOTHING

    def moves(self, key: bytes) -> None:
        """Something of this order or merge key was forwarded."""
        key = key[:KEY_SIZE]
        self.min_in_flight = min(self.min_in_flight, key)
        self.min_forwarded = min(self.min_forwarded, key)

    def moves_waiting(self, bound: bytes) -> None:
        """A merged profile was forwarded with what waits in it, all of which is at or behind this bound."""
        self.min_forwarded = min(self.min_forwarded, bound)

    def acknowledged(self) -> None:
        """An acknowledgement has carried both."""
        self.min_in_flight = self.min_forwarded = NOTHING

    def restore(self, min_in_flight: bytes, reached: bytes) -> None:
        """After a restart: what was forwarded since the last acknowledgement may be in flight still.

        `min_in_flight` was kept; the partition had come to `reached`. Time waits for one more round.
        """
        self.min_in_flight = min(min_in_flight, reached)
        self.min_forwarded = START_OF_TIME
