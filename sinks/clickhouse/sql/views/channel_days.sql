-- What happened on each channel on each day (in the shop's time zone): sums, sets of customers, and money by currency.
-- v_channel_daily, v_channel_kpis, v_reach_engagement and v_reach_engagement_daily are made of it. What is no money and no
-- order is in rows of any currency, to be added up over all of them.
CREATE OR REPLACE VIEW channel_days AS
WITH
    toDecimal128(0, 6) AS nothing,
    arrayReduce('uniqExactState', emptyArrayString()) AS nobody,
    ['Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked'] AS clickings,
    [
        'Email Opened', 'Post Liked', 'Post Shared', 'Post Commented', 'Hashtag Used', 'Store Visited', 'Order Completed',
        'Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked', 'Product Added', 'Product Removed',
        'Product Added to Wishlist', 'Cart Viewed', 'Checkout Started', 'Checkout Step Viewed', 'Checkout Step Completed',
        'Payment Info Entered', 'Coupon Entered', 'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
    ] AS doings
SELECT
    toDate(event_time, '{timezone}') AS day,
    toString(channel) AS channel,
    toString(cost_currency) AS currency,
    count() AS events,
    uniqExactStateIf(current_id, notEmpty(identifiers)) AS reached,
    uniqExactStateIf(
        current_id,
        notEmpty(identifiers) AND type = 'track' AND NOT machine AND device != 'machine' AND (has(doings, name) OR has(clickings, name))
    ) AS engaged,
    uniqExactStateIf(
        current_id,
        name = 'Order Completed' AND notEmpty(identifiers) AND (toDate(event_time, '{timezone}'), channel, current_id) IN (
            SELECT toDate(at, '{timezone}'), channel, current_id FROM current_conversions GROUP BY ALL HAVING sum(orders) > 0
        )
    ) AS bought,
    countIf(
        type = 'track' AND notEmpty(identifiers) AND NOT machine AND device != 'machine' AND (has(doings, name) OR has(clickings, name))
    ) AS engagements,
    countIf(name = 'Ad Impression') AS impressions,
    countIf(name = 'Ad Impression' AND about_message = '') AS shown,
    countIf(name = 'Ad Clicked' AND about_message = '' AND device != 'machine') AS ad_clicks,
    countIf(name = 'Post Viewed') AS views,
    countIf(name = 'Post Liked') AS likes,
    countIf(name = 'Post Shared') AS shares,
    countIf(name = 'Post Commented') AS comments,
    countIf(name = 'Email Opened' AND machine) AS machine_opens,
    countIf(has(clickings, name) AND machine) AS machine_clicks,
    0 AS sends,
    0 AS delivered,
    0 AS opens,
    0 AS clicks,
    toInt64(0) AS conversions,
    nothing AS revenue,
    nothing AS refunds,
    nothing AS credits,
    nothing AS credited,
    sum(events.cost) AS cost
FROM current_events AS events
GROUP BY day, channel, currency
UNION ALL
SELECT
    day, toString(channel), '', 0, nobody, nobody, nobody, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    countIf(ours), countIf(message_facts.delivered), countIf(opened), countIf(clicked),
    0, nothing, nothing, nothing, nothing, nothing
FROM message_facts
GROUP BY day, channel
UNION ALL
SELECT
    toDate(at, '{timezone}'), part.1, toString(currency), 0, nobody, nobody, nobody, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    part.2, part.3, part.4, part.5, part.6, nothing
FROM
(
    SELECT
        at, currency,
        JSONExtract(credits, 'last_non_direct', 'Map(String, Decimal(38, 6))') AS shares,
        JSONExtract(credited, 'last_non_direct', 'Map(String, Decimal(38, 6))') AS money,
        arrayJoin(arrayConcat(
            [(toString(channel), toInt64(orders), value + refunds, refunds, nothing, nothing)],
            arrayMap(
                one -> (one, toInt64(0), nothing, nothing, orders * shares[one], money[one]),
                arrayDistinct(arrayConcat(mapKeys(shares), mapKeys(money)))
            )
        )) AS part
    FROM current_conversions
);
