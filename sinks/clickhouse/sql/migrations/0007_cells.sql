-- Aggregate cells as the stream keeps them: absolute values, one row a cell and stream partition (topic aggregates).
-- Read them as sums over the partitions of the latest version of each.
CREATE TABLE IF NOT EXISTS cells
(
    name         LowCardinality(String) COMMENT 'channel_hour, cart_hour, campaign_day',
    window_start DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    cell         String COMMENT 'its dimensions as text, sorted' CODEC(ZSTD(1)),
    partition    UInt32,
    dimensions   Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    values       Map(LowCardinality(String), Decimal(38, 6)) CODEC(ZSTD(1)),
    version      UInt64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(window_start)
ORDER BY (name, window_start, cell, partition);
