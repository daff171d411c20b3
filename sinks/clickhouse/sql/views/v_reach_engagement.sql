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
    uniqExactMerge(reached) AS reach,
    uniqExactMerge(channel_days.engaged) AS engaged,
    engaged / nullIf(reach, 0) AS engagement_rate,
    sum(channel_days.impressions + views) AS impressions,
    sum(channel_days.engagements) AS engagements,
    engagements / nullIf(reach, 0) AS engagements_per_customer
FROM channel_days
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY channel
HAVING sum(events) > 0
ORDER BY channel;
