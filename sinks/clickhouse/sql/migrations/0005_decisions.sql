-- Every decision about a message, also not to send one (topic retargeting.decisions).
CREATE TABLE IF NOT EXISTS decisions
(
    decision_id  String CODEC(ZSTD(1)),
    profile_id   String COMMENT 'profile at the time of the decision' CODEC(ZSTD(1)),
    campaign_id  LowCardinality(String),
    step         LowCardinality(String),
    variant      LowCardinality(String),
    arm          LowCardinality(String) COMMENT 'treatment, control',
    outcome      LowCardinality(String) COMMENT 'sent, held_out, suppressed, deferred, cancelled',
    reason       LowCardinality(String),
    message_id   String CODEC(ZSTD(1)),
    trigger_type LowCardinality(String),
    trigger_at   Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    cart_id      String CODEC(ZSTD(1)),
    decided_at   DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(decided_at)
ORDER BY decision_id;
