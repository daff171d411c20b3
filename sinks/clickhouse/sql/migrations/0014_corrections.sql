-- What has changed of an order since (topic conversions): a row each, so the sum over an order's rows is what it comes to.
ALTER TABLE conversions
    ADD COLUMN IF NOT EXISTS changed_at DateTime64(3, 'UTC') COMMENT 'when the event that says so happened',
    ADD COLUMN IF NOT EXISTS message_id String COMMENT 'messageId of that event',
    MODIFY ORDER BY (profile_id, order_id, changed_at, message_id);
ALTER TABLE conversions
    ADD COLUMN IF NOT EXISTS kind LowCardinality(String) DEFAULT 'order' COMMENT 'order, renewal, update, refund, cancellation, reassigned',
    ADD COLUMN IF NOT EXISTS counts Bool DEFAULT 1 COMMENT '0: another profile has the order',
    ADD COLUMN IF NOT EXISTS orders Int32 DEFAULT 1 COMMENT '1 for an order, -1 where it is taken back, else 0',
    ADD COLUMN IF NOT EXISTS refunds Decimal(38, 6) COMMENT 'what refunds change by; value is less them' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS touch_count UInt32 COMMENT 'touches in all, those that are not listed included',
    ADD COLUMN IF NOT EXISTS credited String COMMENT 'JSON object: attribution model to channel to money' CODEC(ZSTD(1));
ALTER TABLE conversions
    MODIFY COLUMN value Decimal(38, 6) COMMENT 'what its money changes by, less refunds' CODEC(ZSTD(1)),
    MODIFY COLUMN at DateTime64(3, 'UTC') COMMENT 'when it counts: a refund at its own time, all else at the order''s' CODEC(DoubleDelta, ZSTD(1));
