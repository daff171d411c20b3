"""Finds records of raw topics and dead letters that mention a person: their keys are free, so no tombstone fits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Final

from deploy.operate import draining
from schemas.record import Record
from schemas.topics import CHANNEL_TOPICS, DEAD_LETTERS

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from aiokafka.admin import AIOKafkaAdminClient

    from schemas.settings import Settings

TOPICS: Final = (*CHANNEL_TOPICS, DEAD_LETTERS)
RETENTION: Final = ("cleanup.policy", "retention.ms", "retention.bytes")
WORD: Final = 5
"""Shorter values are not looked for in text, only among identifiers: "42" stands in every other record."""
_TOPIC: Final = 2
"""Kafka's number for a topic in a request for configurations."""


class Mention:
    """Tells whether a record mentions a person: by its identifiers, read as ingest reads them, or by its text.

    `hashes` are those of the person's identifiers, `values` the identifiers themselves, looked for in the text.
    """

    def __init__(self, settings: Settings, hashes: Collection[str], values: Iterable[str]) -> None:
        from schemas.events import Event
        from schemas.identifiers import Hasher
        from schemas.reading import reader_of

        self._event = Event
        self._read = reader_of(settings).read
        self._hash = Hasher(settings.secret.get_secret_value())
        self._hashes = frozenset(hashes)
        words = sorted((re.escape(value.encode()) for value in values if len(value) >= WORD), key=len, reverse=True)
        pattern = rb"(?<![A-Za-z0-9])(?:" + b"|".join(words) + rb")(?![A-Za-z0-9])"
        self._text = re.compile(pattern, re.IGNORECASE) if words else None

    def __call__(self, record: Record) -> bool:
        """Whether the record mentions the person."""
        if record.value and self._text and self._text.search(record.value):
            return True
        event = self._read(record)
        named = (*event.identifiers, *event.previous) if isinstance(event, self._event) else ()
        return any(self._hash(*identifier) in self._hashes for identifier in named)


async def mentions(
    consumer: AIOKafkaConsumer, settings: Settings, mention: Callable[[Record], bool], report: Callable[[int], None]
) -> dict[str, int]:
    """The number of records by topic that mention a person, over all raw topics and dead letters.

    `report` is told how many records have been read.
    """
    found: Counter[str] = Counter()
    read = 0
    async for record in draining.everything(consumer, await draining.ends(consumer, TOPICS, settings)):
        read += 1
        if not read % 1000:
            report(read)
        if mention(record):
            found[record.topic] += 1
    return dict(sorted(found.items()))


async def truncate(client: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, settings: Settings) -> int:
    """Delete what the workers have consumed of raw topics, and all dead letters. Returns the number of records gone.

    Raises KafkaError when the broker cannot.
    """
    from aiokafka.admin import RecordsToDelete

    consumed = await draining.offsets(client, settings.group)
    upto = {tp: offset for tp, offset in consumed.items() if tp.topic in CHANNEL_TOPICS}
    upto |= await draining.ends(consumer, (DEAD_LETTERS,), settings)
    before = await consumer.beginning_offsets(list(upto))
    upto = {tp: offset for tp, offset in upto.items() if offset > before[tp]}
    if upto:
        await client.delete_records({tp: RecordsToDelete(before_offset=offset) for tp, offset in upto.items()})
    return sum(offset - before[tp] for tp, offset in upto.items())


async def retention(client: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[str, dict[str, str]]:
    """The clean-up settings of these topics, as the broker has them; no entry for a topic it does not describe."""
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
    from aiokafka.errors import KafkaError

    try:
        answers: list[Any] = await client.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
        )
    except KafkaError:
        return {}
    found = {}
    for answer in answers:
        for code, _, kind, name, entries in answer.resources:
            if not code and kind == _TOPIC:
                found[name] = {entry[0]: entry[1] for entry in entries if entry[0] in RETENTION}
    return found


def kept_for(config: dict[str, str]) -> str:
    """How long a topic with these settings (`config`, as from `retention`) keeps a record, in words."""
    from schemas.topics import DAY_MS

    said = []
    if "compact" in config.get("cleanup.policy", ""):
        said.append("until it is compacted")
    if "delete" in config.get("cleanup.policy", "delete"):
        if (kept := int(config.get("retention.ms", -1))) >= 0:
            said.append(f"{kept / DAY_MS:g} days after it was written")
        if (size := int(config.get("retention.bytes", -1))) >= 0:
            said.append(f"until its partition has grown by {size / 1024**3:g} GiB")
    return " or ".join(said) or "for ever"
