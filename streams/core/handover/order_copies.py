"""What somebody says of an order that counts in another profile is heard there as well: a copy goes to that profile.

identify says of an event that its order is another profile's (`profile_log.Sale`), and holds the watermark at it. The
event waits in its own profile by then, or arrives before time passes it. The copy has the order's number as its head,
so that it follows the order wherever that moves, and what the order needs, nothing of a person. Its place is behind all
events of its time.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from schemas.names import ORDER_EVENTS
from schemas.orders import OF_AN_ORDER
from streams.core.handover.in_flight import InFlight
from streams.core.profile.pending import Pending
from streams.core.protocol.order_key import KEY_SIZE, key_of_copy
from streams.core.protocol.ports import Emit, Store
from streams.core.protocol.profile_log import Sale
from streams.core.protocol.records import HEAD_SIZE, event_out
from streams.core.protocol.state_keys import COPIED
from streams.core.watermark.partition_clock import PartitionClock

_ID: Final = 16


class OrderCopies:
    """Copies events of one partition. `forward` emits what is sent on to other partitions.

    A profile id is 16 bytes, `key` an order key (19 bytes).
    """

    def __init__(
        self, store: Store, forward: Emit, *, pending: Pending, in_flight: InFlight, clock: PartitionClock,
        partitions: int,
    ) -> None:  # fmt: skip
        self._store = store
        self._forward = forward
        self._pending = pending
        self._in_flight = in_flight
        self._clock = clock
        self._partitions = partitions
        self.awaited: dict[bytes, bytes] = {}
        """Events that are to be copied and have not arrived, profile id and key: the order (16), whose it is (16)."""

    def load(self) -> None:
        """Read back after a restart what has not arrived."""
        self.awaited = {name[1:]: value for name, value in self._store.scan(COPIED)}

    def expect(self, notice: Sale) -> None:
        """An event is to be copied: at once if it is here."""
        profile_id, key = bytes.fromhex(notice.profile), bytes.fromhex(notice.key)[:KEY_SIZE]
        value = bytes.fromhex(notice.id) + bytes.fromhex(notice.to)
        for name in [name for name in self.awaited if name[_ID:] < self._clock.reached]:
            self._forget(name)
        if self._pending.has(profile_id, key):
            self._send(value, key, self._pending.get(profile_id, key)[1:])
        elif key >= self._clock.reached:
            self.awaited[profile_id + key] = value
            self._store.put(COPIED + profile_id + key, value)

    def arrived(self, profile_id: bytes, key: bytes, head_and_body: bytes) -> None:
        """An event has come, perhaps one of those. `head_and_body` as in `unpack_event`."""
        value = self.awaited.get(profile_id + key)
        if value is not None:
            self._forget(profile_id + key)
            self._send(value, key, head_and_body)

    def _forget(self, name: bytes) -> None:
        del self.awaited[name]
        self._store.delete(COPIED + name)

    def _send(self, value: bytes, key: bytes, head_and_body: bytes) -> None:
        body: dict[str, Any] = orjson.loads(head_and_body[HEAD_SIZE:])
        if body["type"] != "track" or body["name"] not in ORDER_EVENTS:
            return
        nothing: dict[str, Any] = {"context": {}, "traits": {}, "identifiers": [], "copy": True}
        told = {name: body[name] for name in ("channel", "type", "name", "message_id")} | nothing
        told["properties"] = {name: given for name, given in body["properties"].items() if name in OF_AN_ORDER}
        order, to, copied = value[:_ID], value[_ID:], key_of_copy(key)
        self._in_flight.moves(copied)
        self._forward.send(event_out(to, copied, order + orjson.dumps(told), self._partitions))
