-- Messages that were sent (topic retargeting.messages).
CREATE TABLE IF NOT EXISTS messages
(
    message_id   String CODEC(ZSTD(1)),
    profile_id   String COMMENT 'profile at the time of the decision' CODEC(ZSTD(1)),
    campaign_id  LowCardinality(String),
    step         LowCardinality(String),
    variant      LowCardinality(String),
    channel      LowCardinality(String),
    recipient    String COMMENT 'address, number or token it goes to' CODEC(ZSTD(1)),
    subject      String CODEC(ZSTD(1)),
    body         String CODEC(ZSTD(1)),
    url          String CODEC(ZSTD(1)),
    offer        String CODEC(ZSTD(1)),
    trigger_type LowCardinality(String),
    trigger_at   Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    cart_id      String CODEC(ZSTD(1)),
    decided_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    expires_at   Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(decided_at)
ORDER BY message_id;
