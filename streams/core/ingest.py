"""ingest: a raw record becomes an event of a profile, a link if it names several identifiers, or a dead letter.

No state of its own: the replica of `identity.assignments` is a hint (a stale one costs a hand-over, never a wrong
result).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import orjson
from msgspec import Raw

from schemas.coupons import CODE_EVENTS, codes, may_name
from schemas.dead_letters import dead_letter_out
from schemas.events import DeadLetter, Event, Reader
from schemas.identifiers import REFERENCES, USER_ID, Hasher, Identifier
from schemas.names import CATALOG_EVENTS
from schemas.record import Record
from schemas.values import filled_text
from streams.core.contact import telling
from streams.core.contact.statements import SAYING
from streams.core.products.changes import CODE_SPENT, KINDS, id_of_code
from streams.core.profile.event import open_body
from streams.core.protocol.link_log import Link, Links
from streams.core.protocol.order_key import order_key
from streams.core.protocol.ports import Emit
from streams.core.protocol.profile_log import AddressTold, ProductChanged
from streams.core.protocol.records import event_out, links_out, notices_to_all

LINKS_A_RECORD: Final = 2_000
"""How many links go into one record: about 300 KB."""


class Ingest:
    """Reads chunks of raw records; one chunk is of one partition.

    `replica` says the profile id (hex) of an identifier, by its hash (hex), and `erased` until when (epoch
    milliseconds) an identifier is of a person who was erased: events of before that name it are dropped, with all that
    they link. `partitions` is how many partitions `profile.events` has. A record for `identity.links` carries
    `links_a_record` links at most.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        reader: Reader,
        hasher: Hasher,
        replica: Mapping[str, str],
        partitions: int,
        erased: Mapping[str, int] | None = None,
        links_a_record: int = LINKS_A_RECORD,
    ) -> None:
        self._emit = emit
        self._reader = reader
        self._hasher = hasher
        self._replica = replica
        self._partitions = partitions
        self._links_a_record = links_a_record
        self._erased: Mapping[str, int] = {} if erased is None else erased
        self.seen: dict[tuple[str, int], int] = {}
        """Highest event time seen, in epoch milliseconds, by (topic, partition)."""
        self.counts: Counter[tuple[str, ...]] = Counter()

    def process(self, records: Sequence[Record]) -> None:
        """Read one chunk and emit what it holds."""
        if not records:
            return
        topic, partition = records[0].topic, records[0].partition
        source = (topic, partition)
        latest = self.seen.get(source, 0)
        links: list[Link] = []
        traits_may_say = telling.traits_may_say
        read, hash_of, owners, send = self._reader.read, self._hasher.of, self._replica, self._emit.send
        accepted = clamped = dropped = 0
        erased, partitions = self._erased, self._partitions
        for record in records:
            event = read(record)
            if isinstance(event, DeadLetter):
                self.counts["winback_dead_letters_total", event.reason] += 1
                send(dead_letter_out(event, self._partitions))
                continue
            identifiers, previous = _linked(event) if event.previous else (event.identifiers, 0)
            hashes = [(one[0], hash_of[one]) for one in identifiers]
            if erased and any(
                event.time <= erased.get(h, -1) for t, h in hashes if t not in REFERENCES or h == hashes[0][1]
            ):
                dropped += 1
                latest = max(latest, event.time)
                continue
            accepted += 1
            clamped += event.clamped
            head = hashes[0][1] if hashes else hash_of["broadcast", event.message_id]
            if len(hashes) > 1:
                links.append(Link(event.time, event.offset, tuple(hashes), previous, event.weak))
            key = order_key(event.time, topic, partition, event.offset)
            head_id, owner = bytes.fromhex(head), owners.get(head)
            profile_id = head_id if owner is None else bytes.fromhex(owner)
            send(event_out(profile_id, key, head_id + event.body, partitions))
            if event.name in CATALOG_EVENTS:
                self._tell_all(event, key)
            elif event.name in CODE_EVENTS and may_name(event.body):
                self._tell_codes(event, key)
            if event.name in SAYING or traits_may_say(event.body):
                self._tell_of_addresses(event, key)
            latest = max(latest, event.time)
        self.seen[source] = latest
        channel = topic.removeprefix("channels.")
        self.counts["winback_events_total", channel, "accepted"] += accepted - clamped
        self.counts["winback_events_total", channel, "clamped"] += clamped
        self.counts["winback_events_total", channel, "erased"] += dropped
        self.counts["winback_events_total", channel, "dead_letter"] += len(records) - accepted - dropped
        if self._reader.resembling:
            self._count_names()
        for start in range(0, len(links), self._links_a_record):
            batch = tuple(links[start : start + self._links_a_record])
            send(links_out(Links(topic, partition, batch)))

    def _count_names(self) -> None:
        for name, count in self._reader.resembling.items():
            self.counts["winback_unknown_event_names_total", name] += count
        self._reader.resembling.clear()

    def _tell_of_addresses(self, event: Event, key: bytes) -> None:
        """What an event says of the addresses that it names goes to every partition."""
        sealed = open_body(key, event.body)
        for said in telling.at_once(sealed):
            hashed = self._hasher(telling.kept_as(said.channel, said.topic), said.address or "")
            notice = AddressTold(key.hex(), key.hex(), False, said.reason, ((said.channel, said.topic, hashed),))
            for out in notices_to_all(notice, self._partitions):
                self._emit.send(out)

    def _tell_all(self, event: Event, key: bytes) -> None:
        """A change of a product goes to every partition, as any profile may be interested; without an id, nowhere."""
        body = orjson.loads(event.body)
        properties = body["properties"]
        product_id = filled_text(properties.get("product_id")) or filled_text(properties.get("sku"))
        if product_id is None:
            return
        self._tell(ProductChanged(
            key.hex(), KINDS[event.name], product_id, event.message_id, Raw(orjson.dumps(properties))
        ))  # fmt: skip

    def _tell_codes(self, event: Event, key: bytes) -> None:
        """A code that was redeemed or refused: any profile may be the one it was given to."""
        for nth, code in enumerate(codes(event.name, orjson.loads(event.body)["properties"])):
            # One event may name several: each has a key of its own, right behind the event's.
            own = key + bytes((nth,))
            self._tell(ProductChanged(own.hex(), CODE_SPENT, id_of_code(code), event.message_id, Raw(b"{}")))

    def _tell(self, notice: ProductChanged) -> None:
        for out in notices_to_all(notice, self._partitions):
            self._emit.send(out)


def _linked(event: Event) -> tuple[Sequence[Identifier], int]:
    """The identifiers that an event links, strongest first, and how many at the end are an alias's previous ones.

    A previous one that the event also names as its own (browsers send the device's anonymousId as both) counts as the
    alias's: the producer's word joins it, where a mere mention would only move the device.
    """
    own, previous = event.identifiers, event.previous
    if not previous or (previous[0] in own and previous[0].type == USER_ID):
        return own, 0
    return (*own[:1], *(i for i in own[1:] if i not in previous), *previous), len(previous)
