-- Codes that orders and carts name, a row each. Filled from events.
CREATE TABLE IF NOT EXISTS coupons
(
    code       String COMMENT 'in capitals' CODEC(ZSTD(1)),
    profile_id String COMMENT 'profile at the time of the event' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    message_id String COMMENT 'of the event' CODEC(ZSTD(1)),
    head       String COMMENT 'keyed hash of the event''s strongest identifier' CODEC(ZSTD(1)),
    ordered    Bool COMMENT 'an order names it (Order Completed); else a cart (Coupon Applied)',
    order_id   String COMMENT 'of a cart that names one' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (code, profile_id, event_time, message_id);
CREATE MATERIALIZED VIEW IF NOT EXISTS coupons_of_events TO coupons AS
SELECT
    arrayJoin(arrayFilter(code -> code != '', arrayDistinct(arrayMap(code -> upper(trimBoth(code)), arrayConcat(
        JSONExtract(properties, 'coupons', 'Array(String)'),
        arrayMap(line -> JSONExtractString(line, 'coupon'), JSONExtractArrayRaw(properties, 'products')),
        [
            JSONExtractString(properties, 'coupon'), JSONExtractString(properties, 'coupon_id'),
            JSONExtractString(properties, 'coupon_name'), JSONExtractString(properties, 'code')
        ]
    ))))) AS code,
    profile_id, event_time, message_id, head, name = 'Order Completed' AS ordered,
    if(ordered, '', JSONExtractString(properties, 'order_id')) AS order_id
FROM events
WHERE type = 'track' AND name IN ('Coupon Applied', 'Order Completed');
INSERT INTO coupons
SELECT
    arrayJoin(arrayFilter(code -> code != '', arrayDistinct(arrayMap(code -> upper(trimBoth(code)), arrayConcat(
        JSONExtract(properties, 'coupons', 'Array(String)'),
        arrayMap(line -> JSONExtractString(line, 'coupon'), JSONExtractArrayRaw(properties, 'products')),
        [
            JSONExtractString(properties, 'coupon'), JSONExtractString(properties, 'coupon_id'),
            JSONExtractString(properties, 'coupon_name'), JSONExtractString(properties, 'code')
        ]
    ))))) AS code,
    profile_id, event_time, message_id, head, name = 'Order Completed' AS ordered,
    if(ordered, '', JSONExtractString(properties, 'order_id')) AS order_id
FROM events
WHERE type = 'track' AND name IN ('Coupon Applied', 'Order Completed')
SETTINGS max_partitions_per_insert_block = 0;
