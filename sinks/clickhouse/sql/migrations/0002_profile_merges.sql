-- Profiles that became one, and links that were refused (topic identity.merges).
-- A refused link is part of the key, so that it never takes the place of a merge of the same profile.
CREATE TABLE IF NOT EXISTS profile_merges
(
    merged_profile_id String CODEC(ZSTD(1)),
    into_profile_id   String COMMENT 'may itself have been merged since: current_profiles follows the chain' CODEC(ZSTD(1)),
    reason            LowCardinality(String),
    refused           LowCardinality(String) COMMENT 'rule that refused the link; empty for a merge',
    merged_at         DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    version           UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(merged_at)
ORDER BY (refused, merged_profile_id, into_profile_id);
