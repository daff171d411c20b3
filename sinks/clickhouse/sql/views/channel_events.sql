-- Events of each channel on each day (in the shop's time zone), by the currency of their cost: channel_days,
-- v_reach_engagement and v_reach_engagement_daily are made of it.
CREATE OR REPLACE VIEW channel_events AS
WITH ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked') AS clickings
SELECT
    toDate(event_time, '{timezone}') AS day,
    toString(channel) AS channel,
    toString(cost_currency) AS currency,
    count() AS events,
    countIf(bitTest(did, 0) AND head_type != '') AS engagements,
    countIf(name = 'Ad Impression') AS impressions,
    countIf(name = 'Ad Impression' AND about_message = '') AS shown,
    countIf(name = 'Ad Clicked' AND about_message = '' AND device != 'machine') AS ad_clicks,
    countIf(name = 'Post Viewed') AS views,
    countIf(name = 'Post Liked') AS likes,
    countIf(name = 'Post Shared') AS shares,
    countIf(name = 'Post Commented') AS comments,
    countIf(name = 'Email Opened' AND machine) AS machine_opens,
    countIf(name IN clickings AND machine) AS machine_clicks,
    sum(events.cost) AS cost
FROM current_events AS events
GROUP BY day, channel, currency;
