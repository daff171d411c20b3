-- Who did what when, in few and narrow columns: what views count customers by. A customer is a number here, the hash of the
-- profile of the event; views follow merges and splits. Rows say what may be told twice without a change, so a batch that
-- comes again changes nothing. All of it is read from events: rows of before are in it too.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS person UInt64 DEFAULT sipHash64(profile_id) COMMENT 'hash of the profile_id: quicker to compare' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS event_key UInt64 DEFAULT sipHash64(event_time, message_id) COMMENT 'hash of what tells an event from the others of a customer' CODEC(NONE),
    ADD COLUMN IF NOT EXISTS did UInt8 DEFAULT toUInt8(
        bitOr(bitOr(bitOr(
            if(
                type = 'track' AND NOT machine AND device != 'machine' AND name IN (
                    'Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked', 'Email Opened',
                    'Post Liked', 'Post Shared', 'Post Commented', 'Hashtag Used', 'Store Visited', 'Order Completed',
                    'Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked',
                    'Product Added', 'Product Removed', 'Product Added to Wishlist', 'Cart Viewed', 'Checkout Started',
                    'Checkout Step Viewed', 'Checkout Step Completed', 'Payment Info Entered', 'Coupon Entered',
                    'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
                ), 1, 0
            ),
            if(head_type NOT IN (
                '', 'anonymous_id', 'device_id', 'advertising_id', 'push_token', 'order_id', 'checkout_id', 'cart_id'
            ), 2, 0)),
            if(
                channel IN ('web', 'app', 'store', 'marketplace', 'messenger') AND if(
                    type IN ('page', 'screen') OR name IN (
                        'Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed',
                        'Product Clicked', 'Cart Viewed'
                    ),
                    device != 'machine',
                    name IN (
                        'Product Added', 'Product Removed', 'Product Added to Wishlist', 'Checkout Started',
                        'Checkout Step Viewed', 'Checkout Step Completed', 'Payment Info Entered', 'Coupon Entered',
                        'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
                    )
                ), 4, 0
            )),
            if(
                type = 'track' AND NOT machine AND device != 'machine' AND name IN (
                    'Email Opened', 'Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked',
                    'Post Liked', 'Post Shared', 'Post Commented'
                ), 8, 0
            )
        )
    ) COMMENT 'sum of 1: engaged with a channel, 2: shows who it is of, 4: was active in the shop, 8: responded';
ALTER TABLE events MATERIALIZE COLUMN person, MATERIALIZE COLUMN event_key, MATERIALIZE COLUMN did SETTINGS mutations_sync = 1;
-- What customers did in which quarter of an hour: any day and hour of any time zone is some of these.
CREATE TABLE IF NOT EXISTS activity
(
    person  UInt64 COMMENT 'hash of the profile at the time of the events' CODEC(Delta, ZSTD(1)),
    quarter DateTime('UTC') COMMENT 'quarter of an hour' CODEC(Delta, ZSTD(1)),
    channel LowCardinality(String),
    device  LowCardinality(String),
    did     UInt8 COMMENT 'as in events' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (person, quarter, channel, device, did);
CREATE MATERIALIZED VIEW IF NOT EXISTS activity_of_events TO activity AS
SELECT person, toStartOfFifteenMinutes(event_time) AS quarter, channel, device, did
FROM events
WHERE head_type != ''
GROUP BY person, quarter, channel, device, did;
-- The same as a query, so that rows deleted or written before can be told anew.
CREATE VIEW IF NOT EXISTS activity_parts AS
SELECT profile_id, head, event_time, person, toStartOfFifteenMinutes(event_time) AS quarter, channel, device, did
FROM events
WHERE head_type != '';
INSERT INTO activity
SELECT person, quarter, channel, device, did FROM activity_parts SETTINGS max_partitions_per_insert_block = 0;
-- Visits that name where they come from, with what they name.
CREATE TABLE IF NOT EXISTS landings
(
    person   UInt64 COMMENT 'hash of the profile at the time of the event' CODEC(Delta, ZSTD(1)),
    at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    source   LowCardinality(String) COMMENT 'context.campaign.source',
    medium   LowCardinality(String) COMMENT 'context.campaign.medium',
    campaign LowCardinality(String) COMMENT 'context.campaign.name',
    referrer LowCardinality(String) COMMENT 'of a web page: host of the page that it was come from',
    host     LowCardinality(String) COMMENT 'of a web page with a referrer: its own host'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (person, at, source, medium, campaign, referrer, host);
CREATE MATERIALIZED VIEW IF NOT EXISTS landings_of_events TO landings AS
SELECT
    person, event_time AS at, utm_source AS source, utm_medium AS medium, utm_campaign AS campaign,
    if(channel = 'web', events.referrer, '') AS referrer, if(channel = 'web', events.host, '') AS host
FROM events
WHERE bitTest(did, 2) AND head_type != ''
    AND (utm_source != '' OR utm_medium != '' OR utm_campaign != '' OR (channel = 'web' AND events.referrer != ''));
CREATE VIEW IF NOT EXISTS landing_parts AS
SELECT
    profile_id, head, person, event_time AS at, utm_source AS source, utm_medium AS medium, utm_campaign AS campaign,
    if(channel = 'web', events.referrer, '') AS referrer, if(channel = 'web', events.host, '') AS host
FROM events
WHERE bitTest(did, 2) AND head_type != ''
    AND (utm_source != '' OR utm_medium != '' OR utm_campaign != '' OR (channel = 'web' AND events.referrer != ''));
INSERT INTO landings
SELECT person, at, source, medium, campaign, referrer, host FROM landing_parts SETTINGS max_partitions_per_insert_block = 0;
-- Views that others take the place of.
DROP VIEW IF EXISTS known_days;
