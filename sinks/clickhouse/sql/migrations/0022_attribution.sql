-- What attribution and budgets are read from: touches of customers, spending, credits of orders as columns, and the
-- results of models over all paths.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS touch String COMMENT 'JSON object: the touch that the event has opened or changed; empty without one' CODEC(ZSTD(1));
-- Touches, one row each: the highest change holds. Filled from events.
CREATE TABLE IF NOT EXISTS touches
(
    profile_id String COMMENT 'profile at the time of the event; current_touches tells today''s' CODEC(ZSTD(1)),
    at         DateTime64(3, 'UTC') COMMENT 'time of the event that opened it' CODEC(DoubleDelta, ZSTD(1)),
    touch_id   String COMMENT 'with `at`, one a touch of a customer' CODEC(ZSTD(1)),
    change     UInt32 COMMENT 'a click and the page it leads to are one touch: the later of them changes it',
    channel    LowCardinality(String),
    source     String COMMENT 'utm source, or host of the referrer; empty without one' CODEC(ZSTD(1)),
    medium     LowCardinality(String),
    campaign   String COMMENT 'utm campaign, or campaign_id of the click; empty without one' CODEC(ZSTD(1)),
    head       String COMMENT 'keyed hash of the event''s strongest identifier' CODEC(ZSTD(1)),
    event_time DateTime64(3, 'UTC') COMMENT 'of the event that says so' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(change)
PARTITION BY toYYYYMM(at)
ORDER BY (profile_id, at, touch_id);
CREATE MATERIALIZED VIEW IF NOT EXISTS touches_of_events TO touches AS
SELECT
    profile_id,
    parseDateTime64BestEffort(JSONExtractString(touch, 'at'), 3, 'UTC') AS at,
    JSONExtractString(touch, 'id') AS touch_id,
    toUInt32(JSONExtractUInt(touch, 'change')) AS change,
    JSONExtractString(touch, 'channel') AS channel,
    JSONExtractString(touch, 'source') AS source,
    JSONExtractString(touch, 'medium') AS medium,
    JSONExtractString(touch, 'campaign') AS campaign,
    head,
    event_time
FROM events
WHERE touch != '';
-- Spending (Ad Spend Recorded), one row an event. Filled from events.
CREATE TABLE IF NOT EXISTS spend
(
    profile_id  String COMMENT 'profile of the event, as in events' CODEC(ZSTD(1)),
    event_time  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    message_id  String CODEC(ZSTD(1)),
    channel     LowCardinality(String) COMMENT 'channel that told of it',
    source      LowCardinality(String) COMMENT 'properties.source; empty where none is named',
    campaign_id String COMMENT 'properties.campaign_id; empty where none is named' CODEC(ZSTD(1)),
    cost        Decimal(38, 6) CODEC(ZSTD(1)),
    currency    LowCardinality(String) COMMENT 'as it was named, in capitals; empty where none was',
    head        String COMMENT 'keyed hash of the event''s strongest identifier' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (profile_id, event_time, message_id);
CREATE MATERIALIZED VIEW IF NOT EXISTS spend_of_events TO spend AS
SELECT
    profile_id, event_time, message_id, channel, JSONExtractString(properties, 'source') AS source, campaign_id, cost,
    upper(trimBoth(JSONExtractString(properties, 'currency'))) AS currency, head
FROM events
WHERE name = 'Ad Spend Recorded' AND type = 'track';
INSERT INTO spend
SELECT
    profile_id, event_time, message_id, channel, JSONExtractString(properties, 'source') AS source, campaign_id, cost,
    upper(trimBoth(JSONExtractString(properties, 'currency'))) AS currency, head
FROM events
WHERE name = 'Ad Spend Recorded' AND type = 'track';
-- Credits as columns: rows of before have those of channels too.
ALTER TABLE conversions
    ADD COLUMN IF NOT EXISTS campaign_credits String COMMENT 'JSON object: attribution model to campaign of a touch to share; empty where no touch has one' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS campaign_credited String COMMENT 'the same in money' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS channel_credit Array(Tuple(model LowCardinality(String), name String, share Decimal(38, 6), money Decimal(38, 6))) DEFAULT arrayFlatten(arrayMap(
        entry -> arrayMap(
            part -> (entry.1, part.1, part.2, JSONExtract(credited, entry.1, part.1, 'Decimal(38, 6)')),
            JSONExtractKeysAndValues(entry.2, 'Decimal(38, 6)')
        ),
        JSONExtractKeysAndValuesRaw(credits)
    )) COMMENT 'credits of channels by model, in shares and in money' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS campaign_credit Array(Tuple(model LowCardinality(String), name String, share Decimal(38, 6), money Decimal(38, 6))) DEFAULT if(
        campaign_credits IN ('', '{}'),
        arrayMap(
            entry -> (entry.1, '', toDecimal128(1, 6), value),
            JSONExtractKeysAndValuesRaw(credits)
        ),
        arrayFlatten(arrayMap(
            entry -> arrayMap(
                part -> (entry.1, part.1, part.2, JSONExtract(campaign_credited, entry.1, part.1, 'Decimal(38, 6)')),
                JSONExtractKeysAndValues(entry.2, 'Decimal(38, 6)')
            ),
            JSONExtractKeysAndValuesRaw(campaign_credits)
        ))
    ) COMMENT 'the same of campaigns; what no campaign has brought is of the empty name' CODEC(ZSTD(1));
-- What `winback attribution` has computed, one run after the other: of each model and days the newest holds.
CREATE TABLE IF NOT EXISTS attribution_results
(
    model          LowCardinality(String),
    from_day       Date COMMENT 'first and last day of the orders, in the shop''s time zone',
    to_day         Date,
    computed_at    DateTime64(3, 'UTC'),
    lookback_days  UInt32 COMMENT 'days before an order whose touches count',
    half_life_days UInt32 COMMENT 'of time_decay; 0 for other models',
    channel        LowCardinality(String),
    currency       LowCardinality(String),
    conversions    Decimal(38, 6) CODEC(ZSTD(1)),
    revenue        Decimal(38, 6) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (from_day, to_day, model, computed_at, channel, currency);
