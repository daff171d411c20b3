-- Question: How many customers does each channel reach, and how many of them does it get to do something?
-- Grain: a channel; over the days from `from` to `to`, both included, in
--   the shop's time zone.
-- Columns:
--   channel [key]: channel that anything happened on
--   reach [count]: customers seen on it, or that something was shown or delivered to there (profiles of today)
--   engaged [count]: of them, those who did something: opened or clicked a message or an advert, liked, shared, commented,
--     used a hashtag, visited a store, or in the shop searched, looked at products, filled a cart, checked out, bought
--   engagement_rate [rate]: engaged / reach
--   impressions [count]: adverts shown and posts viewed
--   engagements [count]: how often they did something of the kind
--   engagements_per_customer [number]: engagements / reach
-- Notes: What machines open, click and look at is no engagement, and a page or a screen alone is reach. Events that
--   name nobody, as of a TV spot, reach nobody. A page that a message led to counts on its own channel.
CREATE OR REPLACE VIEW v_reach_engagement AS
SELECT
    channel,
    sum(parts.reach) AS reach,
    sum(parts.engaged) AS engaged,
    engaged / nullIf(reach, 0) AS engagement_rate,
    sum(parts.impressions) AS impressions,
    sum(parts.engagements) AS engagements,
    engagements / nullIf(reach, 0) AS engagements_per_customer
FROM
(
    SELECT
        channel, sum(events) AS number, sum(channel_events.impressions + views) AS impressions,
        sum(channel_events.engagements) AS engagements, 0 AS reach, 0 AS engaged
    FROM channel_events
    WHERE day BETWEEN {from:Date} AND {to:Date}
    GROUP BY channel
    UNION ALL
    SELECT channel, 0, 0, 0, count(), countIf(has_engaged)
    FROM
    (
        -- By one number for a customer on a channel: quicker than by two columns, and than a set of customers for each sum.
        SELECT any(toString(a.channel)) AS channel, max(bitTest(did, 0)) AS has_engaged
        FROM current_activity AS a
        WHERE toDate(quarter, '{timezone}') BETWEEN {from:Date} AND {to:Date}
        GROUP BY bitXor(person, sipHash64(a.channel))
    )
    GROUP BY channel
) AS parts
GROUP BY channel
HAVING sum(number) > 0
ORDER BY channel;
