-- Whose a row is today, worked out once for each merge and split and not at each read: the sink keeps these tables
-- current (sinks/clickhouse/resolved). Of rows with the same key the one of the highest version holds.
CREATE TABLE IF NOT EXISTS resolved_profiles
(
    profile_id String COMMENT 'one that was ever part of a merge or a split',
    family     String COMMENT 'the same for all that merges and splits have ever joined, step by step' CODEC(ZSTD(1)),
    linked_id  String COMMENT 'where merges alone have taken it; empty: it was never merged' CODEC(ZSTD(1)),
    current_id String COMMENT 'the same, or where a split took it later; empty: it was never merged' CODEC(ZSTD(1)),
    path       Array(Tuple(reached_id String, at DateTime64(3, 'UTC'))) COMMENT 'where it went, step by step' CODEC(ZSTD(1)),
    version    UInt64 COMMENT 'microseconds, of the moment before profile_merges was read for it' CODEC(ZSTD(1)),
    gone       UInt8 COMMENT '1: no merge or split names it any more' CODEC(ZSTD(1)),
    INDEX families family TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY profile_id
SETTINGS index_granularity = 1024;
CREATE TABLE IF NOT EXISTS resolved_splits
(
    profile_id String COMMENT 'whose events of that head belong to current_id up to `until`',
    head       String COMMENT 'hash of an identifier that was cut off; empty: what knows no head',
    until      DateTime64(3, 'UTC'),
    current_id String,
    version    UInt64,
    gone       UInt8
)
ENGINE = ReplacingMergeTree(version, gone)
ORDER BY (profile_id, head);
-- Merges are looked up by both of their profiles.
ALTER TABLE profile_merges ADD INDEX IF NOT EXISTS into_profiles into_profile_id TYPE bloom_filter(0.001) GRANULARITY 1;
-- Which of these have been filled with what was there before, and by which rules.
CREATE TABLE IF NOT EXISTS filled_tables
(
    name      String,
    revision  String,
    filled_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(filled_at)
ORDER BY name;
DROP VIEW IF EXISTS recent_profiles;
-- These tables say all that the settled merges and the squashed events of before said.
ALTER TABLE events DROP COLUMN IF EXISTS squashed, DROP COLUMN IF EXISTS squashed_id;
ALTER TABLE profile_merges DROP COLUMN IF EXISTS settled;
DROP TABLE IF EXISTS settled_profiles;
