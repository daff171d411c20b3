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
from schemas.message_ids import MessageIds
from schemas.names import CATALOG_EVENTS, EMAIL_LINK_CLICKED, SMS_LINK_CLICKED
from schemas.reasons import DeadLetterReason
from schemas.record import Record
from schemas.topics import DAY_MS
from schemas.values import filled_text
from streams.core.contact import telling
from streams.core.contact.statements import SAYING
from streams.core.products.changes import CODE_SPENT, KINDS, id_of_code
from streams.core.profile.bots import is_machine
from streams.core.profile.event import open_body
from streams.core.protocol.link_log import Link, Links
from streams.core.protocol.order_key import order_key
from streams.core.protocol.ports import Emit
from streams.core.protocol.profile_log import AddressTold, ProductChanged
from streams.core.protocol.records import event_out, links_out, notices_to_all

LINKS_A_RECORD: Final = 2_000
"""How many links go into one record: about 300 KB."""


RECENT_DAYS: Final = 21
"""For how long feedback goes to the place where its message was decided. Forwarding entries there live 30 days."""
ERASED: Final = b"erased"
"""In the place of whoever a message was for: they have been erased since."""
CLICKS: Final = frozenset({EMAIL_LINK_CLICKED, SMS_LINK_CLICKED})
"""Who clicks on a message has the address that it went to."""
NOBODY: Final = b"nobody"
"""The same: the message is none of ours, and the event names nobody else."""


class Ingest:
    """Reads chunks of raw records; one chunk is of one partition.

    `replica` says the profile id (hex) of an identifier, by its hash (hex), and `erased` until when (epoch
    milliseconds) an identifier is of a person who was erased: events of before that name it are dropped, with all that
    they link. `message_ids` read whose message an event is feedback of. `partitions` is how many partitions
    `profile.events` has. A record for `identity.links` carries `links_a_record` links at most.
    """

    def __init__(
        self,
        emit: Emit,
        *,
        reader: Reader,
        hasher: Hasher,
        message_ids: MessageIds,
        replica: Mapping[str, str],
        partitions: int,
        erased: Mapping[str, int] | None = None,
        links_a_record: int = LINKS_A_RECORD,
    ) -> None:
        self._emit = emit
        self._reader = reader
        self._hasher = hasher
        self._message_ids = message_ids
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
        read, hash_of, owners, send = self._reader.read, self._hasher.of, self._replica, self._emit.send
        accepted = clamped = dropped = 0
        erased, partitions = self._erased, self._partitions
        for record in records:
            event = read(record)
            if isinstance(event, DeadLetter):
                self.counts["winback_dead_letters_total", event.reason] += 1
                send(dead_letter_out(event, self._partitions))
                continue
            latest = max(latest, event.time)
            identifiers, previous = _linked(event) if event.previous else (event.identifiers, 0)
            hashes = [(one[0], hash_of[one]) for one in identifiers]
            if erased and any(
                event.time <= erased.get(h, -1) for t, h in hashes if t not in REFERENCES or h == hashes[0][1]
            ):
                dropped += 1
                continue
            to = self._recipient(event) if event.about else None
            if to is not None and to in (ERASED, NOBODY):
                dropped += to == ERASED
                self._let_go(event, record, to)
                continue
            accepted += 1
            clamped += event.clamped
            head = hashes[0][1] if hashes else hash_of["broadcast", event.message_id]
            confirms = event.confirms
            if to is not None and event.name in CLICKS and not _is_by_machine(event):
                confirms = to[:16].hex()
            if len(hashes) > 1 or ((confirms or event.order) and hashes):
                links.append(Link(event.time, event.offset, tuple(hashes), previous, event.weak, confirms, event.order))
            key = order_key(event.time, topic, partition, event.offset)
            if to is None:
                head_id, owner = bytes.fromhex(head), owners.get(head)
                profile_id = head_id if owner is None else bytes.fromhex(owner)
            else:
                profile_id, head_id = to[:16], to[16:]
            send(event_out(profile_id, key, head_id + event.body, partitions))
            if event.name in CATALOG_EVENTS:
                self._tell_all(event, key)
            elif event.name in CODE_EVENTS and may_name(event.body):
                self._tell_codes(event, key)
            if event.name in SAYING or event.of_consent:
                self._tell_of_addresses(event, key)
        self.seen[source] = latest
        self._count(topic, len(records), accepted, clamped, dropped)
        self._send_links(topic, partition, links)

    def _send_links(self, topic: str, partition: int, links: list[Link]) -> None:
        for start in range(0, len(links), self._links_a_record):
            batch = tuple(links[start : start + self._links_a_record])
            self._emit.send(links_out(Links(topic, partition, batch)))

    def _count(self, topic: str, read: int, accepted: int, clamped: int, dropped: int) -> None:
        channel = topic.removeprefix("channels.")
        self.counts["winback_events_total", channel, "accepted"] += accepted - clamped
        self.counts["winback_events_total", channel, "clamped"] += clamped
        self.counts["winback_events_total", channel, "erased"] += dropped
        self.counts["winback_events_total", channel, "dead_letter"] += read - accepted - dropped
        if self._reader.resembling:
            self._count_names()

    def _let_go(self, event: Event, record: Record, to: bytes) -> None:
        """What says of a message that nobody has: a dead letter, or a word on an address that others may have."""
        if to == ERASED:
            if event.name in SAYING:
                key = order_key(event.time, event.topic, event.partition, event.offset)
                self._tell_of_addresses(event, key)
            return
        reason, detail = DeadLetterReason.NO_IDENTIFIER, "it names neither a customer nor a message of ours"
        self.counts["winback_dead_letters_total", reason] += 1
        self._emit.send(dead_letter_out(DeadLetter(reason, detail, record), self._partitions))

    def _recipient(self, event: Event) -> bytes | None:
        """Whose message an event is feedback of: profile and head (16 bytes each), ERASED or NOBODY.

        None if it is none of ours, and the event belongs to whom its identifiers name.

        The head of a recent one is no identifier's: it goes where its profile goes, and no device's moves concern it.
        An old one goes by the identifier that its profile began with, as no entry forwards it any more.
        """
        sent = self._message_ids.read(event.about)
        if sent is None:
            return None if event.identifiers or event.channel == "broadcast" else NOBODY
        if (age := sent.age(event.time)) <= RECENT_DAYS:
            return sent.profile + sent.thread
        first = sent.profile.hex()
        if self._erased.get(first, -1) >= (event.time // DAY_MS - age) * DAY_MS:
            return ERASED
        return bytes.fromhex(self._replica.get(first, first)) + sent.profile

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


def _is_by_machine(event: Event) -> bool:
    """Whether a mail scanner has clicked."""
    body = orjson.loads(event.body)
    return is_machine(body["properties"], body["context"].get("userAgent"))


def _linked(event: Event) -> tuple[Sequence[Identifier], int]:
    """The identifiers that an event links, strongest first, and how many at the end are an alias's previous ones.

    A previous one that the event also names as its own (browsers send the device's anonymousId as both) counts as the
    alias's: the producer's word joins it, where a mere mention would only move the device.
    """
    own, previous = event.identifiers, event.previous
    if not previous or (previous[0] in own and previous[0].type == USER_ID):
        return own, 0
    return (*own[:1], *(i for i in own[1:] if i not in previous), *previous), len(previous)
