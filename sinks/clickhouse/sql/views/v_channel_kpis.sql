-- How does each channel do? One row a channel that anything happened on, and currency; what is no money and no order is
-- that of the channel in each of its rows.
--   events            accepted events of the channel
--   reach             customers seen on it (profiles of today; events that name nobody, as of a TV spot, reach nobody)
--   sends             messages sent on it
--   delivered, opens, clicks
--                     messages that were delivered, opened, clicked at least once, by people; a tap on a push, a click on
--                     an advert and a page that a message led to (wb_mid) are clicks. Feedback that names no message
--                     counts by itself.
--   open_rate         opens / delivered
--   ctr               clicks / (delivered + impressions)
--   currency          of the money beside it; empty where nothing was bought, or nobody named one
--   conversions       orders placed on it, each counted once, whoever tells of it; none that was cancelled
--   conversion_rate   conversions / reach
--   cost              Ad Spend Recorded
--   cpa               cost / conversions
--   revenue           value of those orders
--   roas              revenue / cost
--   views, likes, shares, comments
--                     of posts
--   refunds           what was paid back of orders placed on it; net_revenue is revenue less refunds
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
            countIf(name = 'Post Viewed') AS views,
            countIf(name = 'Post Liked') AS likes,
            countIf(name = 'Post Shared') AS shares,
            countIf(name = 'Post Commented') AS comments,
            countIf(name = 'Ad Impression') AS impressions,
            countIf(name = 'Email Opened' AND machine) AS machine_opens,
            countIf(has(clickings, name) AND machine) AS machine_clicks
        FROM seen
        GROUP BY channel
        UNION ALL
        SELECT channel, 0, 0, 0, 0, 0, clicks, 0, 0, 0, 0, 0, 0, 0
        FROM followed
        UNION ALL
        SELECT channel, 0, 0, count(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM messages FINAL
        GROUP BY channel
        UNION ALL
        -- An order counts on its own channel, also where only others have told anything since.
        SELECT DISTINCT channel, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
        FROM current_conversions
    ),
    totals AS
    (
        SELECT
            channel, sum(events) AS events, sum(reach) AS reach, sum(sends) AS sends, sum(delivered) AS delivered,
            sum(opens) AS opens, sum(clicks) AS clicks, sum(views) AS views, sum(likes) AS likes, sum(shares) AS shares,
            sum(comments) AS comments, sum(impressions) AS impressions,
            sum(machine_opens) AS machine_opens, sum(machine_clicks) AS machine_clicks
        FROM parts
        GROUP BY channel
    ),
    money AS
    (
        SELECT channel, currency, sum(orders) AS conversions, sum(cost) AS cost, sum(revenue) AS revenue, sum(refunds) AS refunds
        FROM
        (
            SELECT channel, currency, toInt64(orders) AS orders, nothing AS cost, value + refunds AS revenue, refunds
            FROM current_conversions
            UNION ALL
            SELECT channel, upper(trimBoth(JSONExtractString(properties, 'currency'))), 0, cost, nothing, nothing
            FROM current_events
            WHERE cost != 0
        )
        GROUP BY channel, currency
        HAVING conversions != 0 OR cost != 0 OR revenue != 0 OR refunds != 0
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
    machine_clicks,
    currency
FROM totals
LEFT JOIN money USING (channel)
ORDER BY channel, currency;
