-- What events say of messages, in a table of its own: a message's feedback and the pages it led to lie together.
CREATE TABLE IF NOT EXISTS feedback
(
    about       String COMMENT 'message that it is about; empty: it names none' CODEC(ZSTD(1)),
    profile_id  String COMMENT 'profile at the time of the event' CODEC(ZSTD(1)),
    event_time  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    message_id  String COMMENT 'of the event' CODEC(ZSTD(1)),
    head        String COMMENT 'keyed hash of the event''s strongest identifier' CODEC(ZSTD(1)),
    channel     LowCardinality(String),
    campaign_id LowCardinality(String),
    domain      LowCardinality(String) COMMENT 'of the e-mail address that the event names; empty where a page was led to',
    told        UInt8 COMMENT 'sum of 1: names the message, 2: it came, 4: opened, 8: clicked, 16: bounced, 32: unsubscribed, 64: complained, 128: a delivery or a bounce'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (about, profile_id, event_time, message_id);
CREATE MATERIALIZED VIEW IF NOT EXISTS feedback_of_events TO feedback AS
WITH
    about != '' AND about_message = '' AS link,
    name IN ('Email Bounced', 'SMS Failed', 'Push Notification Bounced') AS bounce,
    name IN ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked') AS click
SELECT
    arrayJoin(arrayConcat(
        if(
            if(about_message = '', clicked_message != '', name IN (
                'Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Ad Impression', 'Email Link Clicked',
                'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked', 'Email Bounced', 'SMS Failed',
                'Push Notification Bounced', 'Unsubscribed', 'Email Marked as Spam', 'Email Opened'
            )),
            [if(about_message = '', clicked_message, about_message)], []
        ),
        if(
            about_message = '' AND type = 'track' AND (
                name IN (
                    'Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Email Link Clicked',
                    'SMS Link Clicked', 'Push Notification Tapped', 'Email Bounced', 'SMS Failed',
                    'Push Notification Bounced', 'Email Opened'
                )
                OR (campaign_id != '' AND name IN ('Unsubscribed', 'Email Marked as Spam'))
            ),
            [''], []
        )
    )) AS about,
    profile_id, event_time, message_id, head, channel, campaign_id,
    if(link, '', lower(extract(arrayFirst(one -> one.1 = 'email', events.identifiers).2, '@([^@]+)$'))) AS domain,
    toUInt8(
        (about_message != '') + 2 * (link OR NOT bounce) + 4 * (name = 'Email Opened' AND NOT machine)
            + 8 * (NOT machine AND (link OR click)) + 16 * bounce
            + 32 * (name IN ('Unsubscribed', 'Email Marked as Spam')) + 64 * (name = 'Email Marked as Spam')
            + 128 * (bounce OR name IN ('Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Ad Impression'))
    ) AS told
FROM events
WHERE about_message != '' OR clicked_message != '' OR name IN (
    'Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Email Link Clicked', 'SMS Link Clicked',
    'Push Notification Tapped', 'Email Bounced', 'SMS Failed', 'Push Notification Bounced', 'Email Opened',
    'Unsubscribed', 'Email Marked as Spam'
);
INSERT INTO feedback
WITH
    about != '' AND about_message = '' AS link,
    name IN ('Email Bounced', 'SMS Failed', 'Push Notification Bounced') AS bounce,
    name IN ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked') AS click
SELECT
    arrayJoin(arrayConcat(
        if(
            if(about_message = '', clicked_message != '', name IN (
                'Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Ad Impression', 'Email Link Clicked',
                'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked', 'Email Bounced', 'SMS Failed',
                'Push Notification Bounced', 'Unsubscribed', 'Email Marked as Spam', 'Email Opened'
            )),
            [if(about_message = '', clicked_message, about_message)], []
        ),
        if(
            about_message = '' AND type = 'track' AND (
                name IN (
                    'Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Email Link Clicked',
                    'SMS Link Clicked', 'Push Notification Tapped', 'Email Bounced', 'SMS Failed',
                    'Push Notification Bounced', 'Email Opened'
                )
                OR (campaign_id != '' AND name IN ('Unsubscribed', 'Email Marked as Spam'))
            ),
            [''], []
        )
    )) AS about,
    profile_id, event_time, message_id, head, channel, campaign_id,
    if(link, '', lower(extract(arrayFirst(one -> one.1 = 'email', events.identifiers).2, '@([^@]+)$'))) AS domain,
    toUInt8(
        (about_message != '') + 2 * (link OR NOT bounce) + 4 * (name = 'Email Opened' AND NOT machine)
            + 8 * (NOT machine AND (link OR click)) + 16 * bounce
            + 32 * (name IN ('Unsubscribed', 'Email Marked as Spam')) + 64 * (name = 'Email Marked as Spam')
            + 128 * (bounce OR name IN ('Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Ad Impression'))
    ) AS told
FROM events
WHERE about_message != '' OR clicked_message != '' OR name IN (
    'Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Email Link Clicked', 'SMS Link Clicked',
    'Push Notification Tapped', 'Email Bounced', 'SMS Failed', 'Push Notification Bounced', 'Email Opened',
    'Unsubscribed', 'Email Marked as Spam'
)
SETTINGS max_partitions_per_insert_block = 0;
