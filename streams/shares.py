"""One `Topology` in several processes: the first keeps identify and what comes in, each has some of the partitions.

What a task sends to a partition of another process waits in a box until both have nothing else to do. The first then
gives each of the others what is theirs, and takes what they answer: so a round takes effect in all of them side by
side. In which order the tasks' records come to a log is left to chance here as it is on a broker; what they decide does
not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

import msgspec

from schemas.record import Out
from schemas.topics import CART_TRANSITIONS, IDENTITY_LINKS, PROFILE_EVENTS, RETARGETING_DECISIONS, RETARGETING_MESSAGES

Box = list[Out]
Place = tuple[str, int]
ROUTED: Final = (PROFILE_EVENTS, CART_TRANSITIONS, RETARGETING_DECISIONS, RETARGETING_MESSAGES)
"""What goes to the process of its partition: input of its tasks, and outputs that keep their order by profile."""
FULL: Final = 20_000
"""Records that wait in the boxes, at most about, while more come in."""
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Box).decode


class Other(NamedTuple):
    """Another process: how to reach it, and its partitions."""

    connection: Connection
    partitions: frozenset[int]


class Others:
    """The other processes, as the first one has them."""

    def __init__(self, others: Sequence[Other]) -> None:
        self._boxes: list[tuple[Connection, Box]] = [(other.connection, []) for other in others]
        # Each begins with what waited before the fork, and answers that without being asked.
        self._asked = [other.connection for other in others]
        self.away: Mapping[Place, Box] = {
            (topic, partition): box
            for other, (_, box) in zip(others, self._boxes, strict=True)
            for partition in other.partitions
            for topic in ROUTED
        }
        """Where records wait that are not for this process, by topic and partition."""

    @property
    def waiting(self) -> int:
        """How many records wait for the others."""
        return sum(len(box) for _, box in self._boxes)

    def give(self) -> None:
        """Give the others what waits for them; they begin with it at once. Raises RuntimeError when one has ended."""
        for connection, box in self._boxes:
            # Both would wait for ever if each sent more than fits, and neither read.
            if box and connection not in self._asked:
                try:
                    connection.send_bytes(_encode(box))
                except OSError:
                    raise RuntimeError(ENDED) from None
                box.clear()
                self._asked.append(connection)

    def take(self, send: Callable[[Out], None]) -> bool:
        """Wait for what they send in answer; False when nothing was given. Raises RuntimeError when one has ended."""
        asked = bool(self._asked)
        for connection in self._asked:
            try:
                answer = connection.recv_bytes()
            except (EOFError, OSError):
                raise RuntimeError(ENDED) from None
            for out in _decode(answer):
                send(out)
        self._asked.clear()
        return asked

    def end(self) -> None:
        """All is done: the others end."""
        for connection, _ in self._boxes:
            with suppress(OSError):
                connection.send_bytes(b"")


ENDED: Final = "a process that had some of the partitions has ended"


class First:
    """The first process, as each of the others has it: its `partitions` are those that are not `mine`."""

    def __init__(self, connection: Connection, mine: Iterable[int], partitions: int) -> None:
        self._connection = connection
        self._box: Box = []
        others = set(range(partitions)).difference(mine)
        self.away: Mapping[Place, Box] = {
            **{(topic, partition): self._box for partition in others for topic in ROUTED},
            (IDENTITY_LINKS, 0): self._box,
        }
        """As of `Others`."""

    def receive(self) -> Box | None:
        """What is given next; None when all is done. Raises EOFError when the first process has ended."""
        given = self._connection.recv_bytes()
        return _decode(given) if given else None

    def answer(self) -> None:
        """Give back what waits. Raises OSError when the first process has ended."""
        self._connection.send_bytes(_encode(self._box))
        self._box.clear()
