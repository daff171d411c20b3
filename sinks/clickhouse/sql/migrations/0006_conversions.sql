-- Orders, each counted once in its profile, with the touches that led to them (topic conversions).
CREATE TABLE IF NOT EXISTS conversions
(
    profile_id           String COMMENT 'profile at the time of the order' CODEC(ZSTD(1)),
    order_id             String CODEC(ZSTD(1)),
    at                   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    channel              LowCardinality(String),
    value                Decimal(38, 6) CODEC(ZSTD(1)),
    currency             LowCardinality(String),
    touches              String COMMENT 'JSON array of channel, at, source, medium, campaign' CODEC(ZSTD(1)),
    credits              String COMMENT 'JSON object: attribution model to channel to share' CODEC(ZSTD(1)),
    recovered_campaign   LowCardinality(String) COMMENT 'campaign that brought the cart back; empty if none did',
    recovered_step       LowCardinality(String),
    recovered_message_id String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (profile_id, order_id);
