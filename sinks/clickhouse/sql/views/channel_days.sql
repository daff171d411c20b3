-- What happened on each channel on each day (in the shop's time zone): sums, sets of customers, and money by currency.
-- v_channel_daily, v_channel_kpis, v_reach_engagement and v_reach_engagement_daily are made of it. What is no money and no
-- order is in rows of any currency, to be added up over all of them.
CREATE OR REPLACE VIEW channel_days AS
WITH
    toDecimal128(0, 6) AS nothing,
    arrayReduce('uniqExactState', emptyArrayString()) AS nobody,
    ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked') AS clickings,
    (
        'Email Opened', 'Post Liked', 'Post Shared', 'Post Commented', 'Hashtag Used', 'Store Visited', 'Order Completed',
        'Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked', 'Product Added', 'Product Removed',
        'Product Added to Wishlist', 'Cart Viewed', 'Checkout Started', 'Checkout Step Viewed', 'Checkout Step Completed',
        'Payment Info Entered', 'Coupon Entered', 'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
    ) AS doings
SELECT
    toDate(event_time, '{timezone}') AS day,
    toString(channel) AS channel,
    toString(cost_currency) AS currency,
    count() AS events,
    uniqExactStateIf(current_id, head_type != '') AS reached,
    uniqExactStateIf(
        current_id,
        head_type != '' AND type = 'track' AND NOT machine AND device != 'machine' AND (name IN doings OR name IN clickings)
    ) AS engaged,
    nobody AS bought,
    reached AS reached_or_bought,
    countIf(
        type = 'track' AND head_type != '' AND NOT machine AND device != 'machine' AND (name IN doings OR name IN clickings)
    ) AS engagements,
    countIf(name = 'Ad Impression') AS impressions,
    countIf(name = 'Ad Impression' AND about_message = '') AS shown,
    countIf(name = 'Ad Clicked' AND about_message = '' AND device != 'machine') AS ad_clicks,
    countIf(name = 'Post Viewed') AS views,
    countIf(name = 'Post Liked') AS likes,
    countIf(name = 'Post Shared') AS shares,
    countIf(name = 'Post Commented') AS comments,
    countIf(name = 'Email Opened' AND machine) AS machine_opens,
    countIf(name IN clickings AND machine) AS machine_clicks,
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
    day, toString(channel), '', 0, nobody, nobody, nobody, nobody, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    countIf(ours), countIf(message_facts.delivered), countIf(opened), countIf(clicked),
    0, nothing, nothing, nothing, nothing, nothing
FROM message_facts
GROUP BY day, channel
UNION ALL
SELECT
    day, channel, currency, 0, nobody, nobody, uniqExactStateIf(current_id, placed > 0) AS buyers, buyers,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    sum(placed), sum(revenue), sum(refunds), sum(credits), sum(credited), nothing
FROM
(
    SELECT
        toDate(at, '{timezone}') AS day, part.1 AS channel, toString(currency) AS currency, current_id,
        sum(part.2) AS placed, sum(part.3) AS revenue, sum(part.4) AS refunds, sum(part.5) AS credits, sum(part.6) AS credited
    FROM
    (
        SELECT
            at, currency, current_id,
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
    )
    GROUP BY day, channel, currency, current_id
)
GROUP BY day, channel, currency;
