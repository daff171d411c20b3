"""Every topic of the system, with its key, its partition count and its clean-up policy: the one place that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

CHANNELS: Final = (
    "web", "app", "email", "sms", "push", "messenger", "store", "marketplace", "ads", "social", "search",
    "callcenter", "broadcast", "mail",
)  # fmt: skip
"""Names of the channels a shop talks through; each has a raw topic `channels.<name>`."""

STITCHED_EVENTS: Final = "stitched.events"
PROFILE_EVENTS: Final = "profile.events"
IDENTITY_LINKS: Final = "identity.links"
IDENTITY_ASSIGNMENTS: Final = "identity.assignments"
IDENTITY_MERGES: Final = "identity.merges"
CART_TRANSITIONS: Final = "cart.transitions"
RETARGETING_MESSAGES: Final = "retargeting.messages"
RETARGETING_DECISIONS: Final = "retargeting.decisions"
RETARGETING_DELIVERIES: Final = "retargeting.deliveries"
CONVERSIONS: Final = "conversions"
AGGREGATES: Final = "aggregates"
CONTACT_SUPPRESSIONS: Final = "contact.suppressions"
SEGMENTS_MEMBERSHIP: Final = "segments.membership"
AUDIENCES_MEMBERS: Final = "audiences.members"
DEAD_LETTERS: Final = "dead.letters"
DEAD_LETTERS_REPLAYED: Final = "dead.letters.replayed"
JOURNEY_CHANGELOG: Final = "journey.changelog"
IDENTIFY_CHANGELOG: Final = "identify.changelog"

OUTPUT_TOPICS: Final = (
    STITCHED_EVENTS, IDENTITY_ASSIGNMENTS, IDENTITY_MERGES, CART_TRANSITIONS, RETARGETING_MESSAGES,
    RETARGETING_DECISIONS, CONVERSIONS, SEGMENTS_MEMBERSHIP, AUDIENCES_MEMBERS, AGGREGATES, CONTACT_SUPPRESSIONS,
    DEAD_LETTERS,
)  # fmt: skip
"""What the pipeline writes for others to read; `profile.events` and `identity.links` are its own transport."""

TOMBSTONED: Final = (
    STITCHED_EVENTS, CART_TRANSITIONS, RETARGETING_MESSAGES, RETARGETING_DECISIONS, CONVERSIONS, SEGMENTS_MEMBERSHIP,
    PROFILE_EVENTS,
)  # fmt: skip
"""Topics whose records of a profile have its id as their key: one without a value says that all before it are void."""

DEFAULT_PARTITIONS: Final = 4
MAX_EVENT_BYTES: Final = 1024 * 1024
"""A raw event over this size is a dead letter (`too_large`)."""
MAX_RECORD_BYTES: Final = 8 * 1024 * 1024
"""`max.message.bytes` of every topic, so that a raw event that is too large can still be kept as a dead letter."""
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, what its key is, how many partitions it has, and its broker settings."""

    name: str
    key: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def source_named(text: str, partitions: int) -> tuple[str, int | None]:
    """`channels.store` or `channels.store:3`, a text of a setting, as (topic, partition), None for all of them.

    Each topic has `partitions`. Raises ValueError when there is no such source.
    """
    topic, colon, number = text.strip().partition(":")
    if topic not in CHANNEL_TOPICS:
        raise ValueError(f"{topic!r} is no source; one of {', '.join(CHANNEL_TOPICS)} is needed")
    if not colon:
        return topic, None
    if not (number.isascii() and number.isdigit()) or int(number) >= partitions:
        raise ValueError(f"{text!r}: {topic} has the partitions 0 to {partitions - 1}")
    return topic, int(number)


def channel_topic(channel: str) -> str:
    """The raw topic of a channel: `web` -> `channels.web`."""
    return f"channels.{channel}"


def channel_of(topic: str) -> str:
    """The channel of a raw topic: `channels.web` -> `web`."""
    return topic.removeprefix("channels.")


CHANNEL_TOPICS: Final = tuple(channel_topic(c) for c in CHANNELS)


def catalog(partitions: int = DEFAULT_PARTITIONS) -> tuple[Topic, ...]:
    """All topics. Those of one profile's data have `partitions` each, so that they are co-partitioned.

    `identity.links` and `identity.assignments` have one partition each: one writer, one order.
    """
    size = {"max.message.bytes": str(MAX_RECORD_BYTES)}
    log = {**size, "cleanup.policy": "delete", "retention.ms": str(7 * DAY_MS)}
    # Raw records carry the time of their event, which may be years ago (an import): retention by time would take them
    # before they are read. So it is by size, for each partition.
    raw = {**size, "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": str(8 * 1024**3)}
    # A raw record as large as its topic takes fits with its headers, or the worker that puts it there fails for ever.
    dead = {**log, "retention.ms": str(30 * DAY_MS), "max.message.bytes": str(MAX_RECORD_BYTES + 64 * 1024)}
    # It outlives the letters that it speaks of, so that none of them is replayed twice by mistake.
    replayed = {**log, "retention.ms": str(90 * DAY_MS)}
    compacted = {**size, "cleanup.policy": "compact"}
    # An unfinished unit of a changelog must never cost the older value it was about to replace.
    changelog = {**compacted, "min.compaction.lag.ms": str(HOUR_MS)}
    # What was sent is known as long as its message may be read again, and of two claims the first stays the first. No
    # longer, as each dispatcher reads all of it when it starts.
    kept = {"cleanup.policy": "compact,delete", "retention.ms": str(8 * DAY_MS), "segment.ms": str(DAY_MS)}
    deliveries = {**changelog, **kept}
    # A record without a value takes a hash out of an audience, and is to be told also after a webhook was long away.
    members = {**compacted, "delete.retention.ms": str(30 * DAY_MS)}
    return (
        *(Topic(name, "any", partitions, raw) for name in CHANNEL_TOPICS),
        Topic(PROFILE_EVENTS, "profile_id", partitions, log),
        Topic(STITCHED_EVENTS, "profile_id", partitions, log),
        Topic(IDENTITY_LINKS, "none", 1, log),
        Topic(IDENTITY_ASSIGNMENTS, "identifier hash", 1, compacted),
        Topic(IDENTITY_MERGES, "merged_profile_id", partitions, {**log, "retention.ms": "-1"}),
        Topic(CART_TRANSITIONS, "profile_id", partitions, log),
        Topic(RETARGETING_MESSAGES, "profile_id", partitions, log),
        Topic(RETARGETING_DECISIONS, "profile_id", partitions, log),
        Topic(RETARGETING_DELIVERIES, "message_id", partitions, deliveries),
        Topic(CONVERSIONS, "profile_id", partitions, log),
        Topic(SEGMENTS_MEMBERSHIP, "profile_id", partitions, log),
        Topic(AUDIENCES_MEMBERS, "profile_id, webhook, identifier, sha256 and audience", partitions, members),
        Topic(AGGREGATES, "cell key", partitions, compacted),
        Topic(CONTACT_SUPPRESSIONS, "address hash", partitions, compacted),
        Topic(DEAD_LETTERS, "none", partitions, dead),
        Topic(DEAD_LETTERS_REPLAYED, "topic:partition:offset of the record", 1, replayed),
        Topic(JOURNEY_CHANGELOG, "state key", partitions, changelog),
        Topic(IDENTIFY_CHANGELOG, "state key", 1, changelog),
    )


def partition_of(profile_id: str, partitions: int) -> int:
    """The partition of a profile among `partitions`: the profile id is a hash already, its first 32 bits are enough."""
    return int(profile_id[:8], 16) % partitions


def murmur2(data: bytes) -> int:
    """The hash of `data` by which Kafka places keys (org.apache.kafka.common.utils.Utils.murmur2), sign bit cleared."""
    length, m, mask = len(data), 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ length
    for i in range(0, length - 3, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k ^= k >> 24
        h = (h * m & mask) ^ (k * m & mask)
    tail = length & ~3
    rest = length & 3
    if rest == 3:
        h ^= data[tail + 2] << 16
    if rest >= 2:
        h ^= data[tail + 1] << 8
    if rest >= 1:
        h = (h ^ data[tail]) * m & mask
    h ^= h >> 13
    h = h * m & mask
    return (h ^ (h >> 15)) & 0x7FFFFFFF
