-- How does each channel do? One row a channel that anything happened on.
--   events            accepted events of the channel
--   reach             customers seen on it (profiles of today; events that name nobody, as of a TV spot, reach nobody)
--   sends             messages sent on it
--   delivered, opens, clicks
--                     messages that were delivered, opened, clicked at least once, by people; a tap on a push, a click on
--                     an advert and a page that a message led to (wb_mid) are clicks. Feedback that names no message
--                     counts by itself.
--   open_rate         opens / delivered
--   ctr               clicks / (delivered + impressions)
--   conversions       orders placed on it, each counted once a customer
--   conversion_rate   conversions / reach
--   cost              Ad Spend Recorded
--   cpa               cost / conversions
--   revenue           value of those orders, all currencies added as they are
--   roas              revenue / cost
--   views, likes, shares, comments
--                     of posts
--   refunds           value of Order Refunded; net_revenue is revenue less refunds
--   impressions       of adverts
--   machine_opens, machine_clicks
--                     by mail proxies, link scanners and the like, each as often as it happened; in no rate
-- A rate without anything to divide by is NULL.
CREATE OR REPLACE VIEW v_channel_kpis AS
WITH
    toDateTime64(0, 3, 'UTC') AS epoch,
    toDecimal128(0, 6) AS nothing,
    ['Email Delivered', 'SMS Delivered', 'Push Notification Received'] AS deliveries,
    ['Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked'] AS clickings,
    seen AS
    (
        SELECT
            *,
            -- One message counts once, however often its customer opens it.
            if(about_message = '', (current_id, event_time, message_id), ('', epoch, about_message)) AS thing
        FROM current_events
    ),
    followed AS
    (
        -- A page that a message led to is on the web; the click is on the channel that the message was sent on.
        -- Messages of which the channel itself tells a click are counted there.
        SELECT messages.channel AS channel, uniqExact(clicked_message) AS clicks
        FROM events
        INNER JOIN messages ON messages.message_id = clicked_message
        WHERE clicked_message != '' AND NOT machine AND clicked_message NOT IN (
            SELECT about_message FROM events WHERE has(clickings, name) AND NOT machine
        )
        GROUP BY channel
    ),
    parts AS
    (
        SELECT
            channel,
            count() AS events,
            uniqExactIf(current_id, notEmpty(identifiers)) AS reach,
            0 AS sends,
            uniqExactIf(thing, has(deliveries, name)) AS delivered,
            uniqExactIf(thing, name = 'Email Opened' AND NOT machine) AS opens,
            uniqExactIf(thing, has(clickings, name) AND NOT machine) AS clicks,
            0 AS conversions,
            sum(cost) AS cost,
            nothing AS revenue,
            countIf(name = 'Post Viewed') AS views,
            countIf(name = 'Post Liked') AS likes,
            countIf(name = 'Post Shared') AS shares,
            countIf(name = 'Post Commented') AS comments,
            -sumIf(seen.revenue, name = 'Order Refunded') AS refunds,
            countIf(name = 'Ad Impression') AS impressions,
            countIf(name = 'Email Opened' AND machine) AS machine_opens,
            countIf(has(clickings, name) AND machine) AS machine_clicks
        FROM seen
        GROUP BY channel
        UNION ALL
        SELECT channel, 0, 0, 0, 0, 0, clicks, 0, nothing, nothing, 0, 0, 0, 0, nothing, 0, 0, 0
        FROM followed
        UNION ALL
        SELECT channel, 0, 0, count(), 0, 0, 0, 0, nothing, nothing, 0, 0, 0, 0, nothing, 0, 0, 0
        FROM messages FINAL
        GROUP BY channel
        UNION ALL
        SELECT channel, 0, 0, 0, 0, 0, 0, count(), nothing, sum(value), 0, 0, 0, 0, nothing, 0, 0, 0
        FROM current_conversions
        GROUP BY channel
    ),
    totals AS
    (
        SELECT
            channel, sum(events) AS events, sum(reach) AS reach, sum(sends) AS sends, sum(delivered) AS delivered,
            sum(opens) AS opens, sum(clicks) AS clicks, sum(conversions) AS conversions, sum(cost) AS cost,
            sum(revenue) AS revenue, sum(views) AS views, sum(likes) AS likes, sum(shares) AS shares,
            sum(comments) AS comments, sum(refunds) AS refunds, sum(impressions) AS impressions,
            sum(machine_opens) AS machine_opens, sum(machine_clicks) AS machine_clicks
        FROM parts
        GROUP BY channel
    )
SELECT
    channel,
    events,
    reach,
    sends,
    delivered,
    opens,
    clicks,
    opens / nullIf(delivered, 0) AS open_rate,
    clicks / nullIf(delivered + impressions, 0) AS ctr,
    conversions,
    conversions / nullIf(reach, 0) AS conversion_rate,
    cost,
    toFloat64(cost) / nullIf(conversions, 0) AS cpa,
    revenue,
    toFloat64(revenue) / nullIf(toFloat64(cost), 0) AS roas,
    views,
    likes,
    shares,
    comments,
    refunds,
    revenue - refunds AS net_revenue,
    impressions,
    machine_opens,
    machine_clicks
FROM totals
ORDER BY channel;
