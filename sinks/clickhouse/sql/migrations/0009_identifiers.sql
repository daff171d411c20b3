-- Whose each linked identifier is, and was: every version, by its keyed hash (topic identity.assignments).
-- The row of the highest version stands. One of an erased person has no profile and says until when nothing of it is taken.
CREATE TABLE IF NOT EXISTS identifiers
(
    identifier       String COMMENT 'keyed hash; WINBACK_SECRET keys it' CODEC(ZSTD(1)),
    identifier_type  LowCardinality(String),
    profile_id       String COMMENT 'profile it came to; current_profiles tells today''s; empty once erased' CODEC(ZSTD(1)),
    version          UInt64 CODEC(ZSTD(1)),
    linked_at        DateTime64(3, 'UTC') COMMENT 'time of the event that brought it there' CODEC(ZSTD(1)),
    linked_to        String COMMENT 'hash of the other identifier of that pair' CODEC(ZSTD(1)),
    source_topic     LowCardinality(String),
    source_partition UInt32,
    source_offset    UInt64 CODEC(ZSTD(1)),
    erased_at        Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (identifier, version);
