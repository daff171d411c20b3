-- What the events of each profile tell about it, under the id they were written with (from table events).
-- Only what may be told twice without a change: the least, the greatest, what is in a set.
CREATE TABLE IF NOT EXISTS profiles
(
    profile_id       String COMMENT 'profile at the time of its events; current_profiles tells today''s' CODEC(ZSTD(1)),
    first_seen       SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    last_seen        SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    channels         SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    identifier_types SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    known            SimpleAggregateFunction(max, UInt8) COMMENT '1: has a user id, e-mail, phone or external id',
    last_order_at    SimpleAggregateFunction(max, Nullable(DateTime64(3, 'UTC'))) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY profile_id;
-- The same as a query over events, so that rows deleted or written before can be told anew.
CREATE VIEW IF NOT EXISTS profile_parts AS
SELECT
    profile_id,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen,
    groupUniqArray(toString(channel)) AS channels,
    groupUniqArrayArray(arrayMap(one -> toString(one.1), events.identifiers)) AS identifier_types,
    toUInt8(max(head_type NOT IN ('', 'anonymous_id', 'device_id', 'advertising_id', 'push_token', 'order_id'))) AS known,
    maxOrNullIf(event_time, name = 'Order Completed' AND type = 'track') AS last_order_at
FROM events
GROUP BY profile_id;
CREATE MATERIALIZED VIEW IF NOT EXISTS profiles_of_events TO profiles AS
SELECT
    profile_id,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen,
    groupUniqArray(toString(channel)) AS channels,
    groupUniqArrayArray(arrayMap(one -> toString(one.1), events.identifiers)) AS identifier_types,
    toUInt8(max(head_type NOT IN ('', 'anonymous_id', 'device_id', 'advertising_id', 'push_token', 'order_id'))) AS known,
    maxOrNullIf(event_time, name = 'Order Completed' AND type = 'track') AS last_order_at
FROM events
GROUP BY profile_id;
INSERT INTO profiles SELECT * FROM profile_parts;
