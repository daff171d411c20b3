-- What happened to carts: opened, abandoned, reopened, converted, emptied, expired (topic cart.transitions).
CREATE TABLE IF NOT EXISTS cart_transitions
(
    profile_id     String COMMENT 'profile at the time of the transition' CODEC(ZSTD(1)),
    cart_id        String CODEC(ZSTD(1)),
    at             DateTime64(3, 'UTC') COMMENT 'event time that caused it' CODEC(DoubleDelta, ZSTD(1)),
    abandonment_no UInt32,
    from_state     LowCardinality(String) COMMENT 'none, open, abandoned',
    to_state       LowCardinality(String) COMMENT 'open, abandoned, converted, emptied, expired',
    reason         LowCardinality(String),
    stage          LowCardinality(String) COMMENT 'cart, or checkout once one was started',
    value          Decimal(38, 6) CODEC(ZSTD(1)),
    currency       LowCardinality(String),
    line_count     UInt32,
    lines          String COMMENT 'JSON array of product_id, sku, name, price, quantity, url, image_url' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (profile_id, cart_id, at, abandonment_no, to_state, from_state);
