-- Every accepted event, once, under the profile it took effect in (topic stitched.events).
-- A profile uses a message_id again after 24 hours at the earliest, so the event's time belongs to its key.
CREATE TABLE IF NOT EXISTS events
(
    profile_id       String COMMENT 'profile at the time of the event; current_profiles tells today''s' CODEC(ZSTD(1)),
    event_time       DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    message_id       String CODEC(ZSTD(1)),
    channel          LowCardinality(String),
    type             LowCardinality(String) COMMENT 'track, identify, page, screen, alias, group',
    name             LowCardinality(String) COMMENT 'canonical event name; name of the page or screen',
    received_at      DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    late             Bool COMMENT 'came after its moment had been sealed',
    kind             LowCardinality(String) COMMENT 'properties.kind, as imports set it',
    revenue          Decimal(38, 6) COMMENT 'Order Completed: its value; Order Refunded: minus its value' CODEC(ZSTD(1)),
    cost             Decimal(38, 6) COMMENT 'Ad Spend Recorded: properties.cost' CODEC(ZSTD(1)),
    campaign_id      LowCardinality(String) COMMENT 'properties.campaign_id of message feedback, ads and spots',
    about_message    String COMMENT 'properties.message_id of message feedback' CODEC(ZSTD(1)),
    identifiers      Array(Tuple(type LowCardinality(String), value String)) COMMENT 'strongest first' CODEC(ZSTD(1)),
    properties       String COMMENT 'JSON object' CODEC(ZSTD(1)),
    context          String COMMENT 'JSON object' CODEC(ZSTD(1)),
    traits           String COMMENT 'JSON object' CODEC(ZSTD(1)),
    extra            String COMMENT 'JSON object of fields nobody declared; empty without any' CODEC(ZSTD(1)),
    source_topic     LowCardinality(String),
    source_partition UInt32,
    source_offset    UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (profile_id, event_time, message_id);
