-- Every change of who is in which segment of the campaigns file (topic segments.membership).
-- Of one profile and segment `entered` and `left` take turns, by (at, nth); current_members has who is in now.
CREATE TABLE IF NOT EXISTS segment_members
(
    segment    LowCardinality(String) COMMENT 'its id in the campaigns file',
    profile_id String COMMENT 'profile at that time; who becomes part of another leaves' CODEC(ZSTD(1)),
    at         DateTime64(3, 'UTC') COMMENT 'event time of the cause' CODEC(DoubleDelta, ZSTD(1)),
    nth        UInt32 COMMENT 'number of this change among those of the profile at this moment' CODEC(ZSTD(1)),
    change     LowCardinality(String) COMMENT 'entered, left',
    reason     LowCardinality(String) COMMENT 'event, time, merge, split, campaigns',
    since      DateTime64(3, 'UTC') COMMENT 'when the customer had entered' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (segment, profile_id, at, nth);
