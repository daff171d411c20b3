-- Which identifier an event was counted under: a profile that was split sends each of its old events where its head went.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS head String COMMENT 'keyed hash of its strongest identifier; empty in rows of before' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS head_type LowCardinality(String) DEFAULT if(empty(identifiers), '', identifiers[1].1) COMMENT 'type of its strongest identifier';
-- Rows about a split, and refused links, are each one of its own; a merge is one a pair of profiles (occurrence 0).
ALTER TABLE profile_merges
    ADD COLUMN IF NOT EXISTS identifiers Array(String) COMMENT 'hashes of the pair that joined them, or of those that a split took away' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS source_topic LowCardinality(String) COMMENT 'event that brought the link, if one did',
    ADD COLUMN IF NOT EXISTS source_partition UInt32,
    ADD COLUMN IF NOT EXISTS source_offset UInt64 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS occurrence UInt64 CODEC(ZSTD(1)),
    MODIFY ORDER BY (refused, merged_profile_id, into_profile_id, occurrence);
