"""An event that an ingest worker sends twice, the second time to the survivor of a merge, counts once."""

from __future__ import annotations

import orjson
import pytest

from schemas.events import Event, Reader
from schemas.identifiers import Hasher
from schemas.record import Record
from schemas.topics import CART_TRANSITIONS, STITCHED_EVENTS
from streams.core.protocol.order_key import bound, merge_key, order_key
from streams.core.protocol.profile_log import Merge, Round
from streams.core.protocol.records import encode, pack_event
from tests.support.journeys import SECRET, START, Table

HASHER = Hasher(SECRET)
BROWSER, USER = HASHER("anonymous_id", "b"), HASHER("user_id", "u")
MINUTE = 60_000


def sent_to(profile_id: str) -> bytes:
    """The same Product Added of the browser at minute 0, as ingest sends it to this profile."""
    message = {
        "type": "track", "event": "Product Added", "anonymousId": "b", "messageId": "m", "timestamp": START,
        "properties": {"sku": "s", "price": 10},
    }  # fmt: skip
    event = Reader().read(Record("channels.web", 0, 0, START, None, orjson.dumps(message)))
    assert isinstance(event, Event)
    key = order_key(event.time, event.topic, 0, 0)
    return pack_event(bytes.fromhex(profile_id), key, bytes.fromhex(BROWSER) + event.body)


def merged_at(minute: int) -> Merge:
    """The browser's profile becomes part of the user's."""
    key = merge_key(order_key(START + minute * MINUTE, "channels.web", 0, 1), 1)
    return Merge(BROWSER, USER, key.hex())


class Partition(Table):
    """The only partition: what it sends to itself comes back to it."""

    def take(self, value: bytes) -> None:
        """One record, and all that follows from it."""
        seen = len(self.outs)
        self._process(value)
        while seen < len(self.outs):
            out = self.outs[seen]
            seen += 1
            if out.topic == "profile.events":
                self._process(out.value or b"")

    def until(self, minute: int) -> None:
        """A round up to this minute."""
        self._rounds += 1
        self.take(encode(Round(self._rounds, bound(START + minute * MINUTE).hex())))


CASES = [
    pytest.param(None, True, id="the second comes before the merge is told"),
    pytest.param(None, False, id="both wait, the first in the profile that is merged"),
    pytest.param(5, False, id="the first has taken effect late"),
]


@pytest.mark.parametrize(("reached", "early"), CASES)
def test_once_among_relatives(reached: int | None, early: bool) -> None:
    """Whether the first copy waits or has taken effect, the second is known to be the same."""
    partition = Partition()
    if reached is not None:
        partition.until(reached)
    partition.take(sent_to(BROWSER))
    if early:
        partition.take(sent_to(USER))
    partition.take(encode(merged_at(10)))
    if not early:
        partition.take(sent_to(USER))
    partition.until(40)
    assert [row["profile_id"] for row in partition.rows(STITCHED_EVENTS)] == [BROWSER]
    assert [row["reason"] for row in partition.rows(CART_TRANSITIONS)] == ["opened", "inactivity"]
