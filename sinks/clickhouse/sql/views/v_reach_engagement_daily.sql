-- Question: How many customers does each channel reach on each day, and how many of them does it get to do something?
-- Grain: a day in the shop's time zone and a channel.
-- Columns:
--   day [key]: the day of the events
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
CREATE OR REPLACE VIEW v_reach_engagement_daily AS
SELECT
    day,
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
        day, channel, sum(events) AS number, sum(channel_events.impressions + views) AS impressions,
        sum(channel_events.engagements) AS engagements, 0 AS reach, 0 AS engaged
    FROM channel_events
    GROUP BY day, channel
    UNION ALL
    SELECT toDate(quarter, '{timezone}') AS day, toString(channel) AS channel, 0, 0, 0, uniqExact(person), uniqExactIf(person, bitTest(did, 0))
    FROM current_activity
    GROUP BY day, channel
) AS parts
GROUP BY day, channel
HAVING sum(number) > 0
ORDER BY day, channel;
