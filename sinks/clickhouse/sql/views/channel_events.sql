-- Events of each channel on each day (in the shop's time zone), by the currency of their cost: channel_days,
-- v_reach_engagement and v_reach_engagement_daily are made of it.
CREATE OR REPLACE VIEW channel_events AS
WITH ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked') AS clickings
SELECT
    toDate(event_time, '{timezone}') AS day,
    toString(channel) AS channel,
    toString(cost_currency) AS currency,
    toUInt64(sum(times)) AS events,
    toUInt64(sumIf(times, bitTest(did, 0) AND head_type != '')) AS engagements,
    toUInt64(sumIf(times, name = 'Ad Impression')) AS impressions,
    toUInt64(sumIf(times, name = 'Ad Impression' AND about_message = '')) AS shown,
    toUInt64(sumIf(times, name = 'Ad Clicked' AND about_message = '' AND device != 'machine')) AS ad_clicks,
    toUInt64(sumIf(times, name = 'Post Viewed')) AS views,
    toUInt64(sumIf(times, name = 'Post Liked')) AS likes,
    toUInt64(sumIf(times, name = 'Post Shared')) AS shares,
    toUInt64(sumIf(times, name = 'Post Commented')) AS comments,
    toUInt64(sumIf(times, name = 'Email Opened' AND machine)) AS machine_opens,
    toUInt64(sumIf(times, name IN clickings AND machine)) AS machine_clicks,
    sum(counted_events.cost * times) AS cost
FROM counted_events
GROUP BY day, channel, currency;
