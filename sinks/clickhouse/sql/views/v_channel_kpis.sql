-- Question: How did each channel do from one day to another?
-- Grain: a channel on which anything happened, or to which an order is credited, and a currency; over the days from
--   `from` to `to`, both included, in the shop's time zone.
-- Columns:
--   channel [key]: the channel
--   events [count]: accepted events of the channel
--   reach [count]: customers seen on it (profiles of today; events that name nobody, as of a TV spot, reach nobody)
--   sends [count]: messages sent on it, of our campaigns
--   delivered [count]: messages of those days that have come: a delivery was told, or an open, a click or anything else that
--     nobody can do with a message that has not
--   opens [count]: of them, those opened by a person at least once, on whatever day
--   clicks [count]: of them, those clicked by a person (a tap on a push, a page that a message led to), and clicks on
--     adverts
--   open_rate [rate]: opens / delivered
--   ctr [rate]: clicks / (delivered + impressions that name no message); NULL where fewer impressions than clicks were told
--   conversions [count]: orders placed on it, each counted once, whoever tells of it; none that was cancelled
--   conversion_rate [rate]: buyers / reach, whatever they paid in
--   cost [money]: Ad Spend Recorded (unit: currency)
--   cpa [number]: cost / attributed_conversions (unit: currency)
--   revenue [money]: value of the orders placed on it, before refunds (unit: currency)
--   roas [number]: attributed_revenue / cost
--   views [count]: Post Viewed
--   likes [count]: Post Liked
--   shares [count]: Post Shared
--   comments [count]: Post Commented
--   refunds [money]: what was paid back of orders placed on it (unit: currency)
--   net_revenue [money]: revenue less refunds (unit: currency)
--   impressions [count]: of adverts
--   machine_opens [count]: opens by mail proxies and the like, each as often as it happened; in no rate
--   machine_clicks [count]: clicks by link scanners and the like; in no rate
--   buyers [count]: customers of the reach of whom an order on the channel stands
--   attributed_conversions [number]: orders credited to it by the model last_non_direct, in parts where one is shared
--   attributed_revenue [money]: their value less refunds and cancellations (unit: currency)
--   currency [key]: of the money and the orders beside it; empty where there are none, or nobody named one
-- Notes: Messages count on the day they were sent, with all that has become of them since, so that each is in one row
--   and no rate exceeds 1. Orders count on their own day, refunds on theirs,
--   costs on the day of the event. An order is placed
--   on one channel and credited to another: adverts sell little themselves. The credits add up to all orders.
--   Feedback that names no message: of the last one of its campaign to the customer.
CREATE OR REPLACE VIEW v_channel_kpis AS
WITH
    by_currency AS
    (
        SELECT
            channel, currency, sum(d.events) AS events,
            sum(d.sends) AS sends, sum(d.delivered) AS delivered, sum(d.opens) AS opens, sum(d.clicks + ad_clicks) AS clicks,
            sum(d.shown) AS shown, sum(d.views) AS views, sum(d.likes) AS likes, sum(d.shares) AS shares,
            sum(d.comments) AS comments, sum(d.impressions) AS impressions, sum(d.machine_opens) AS machine_opens,
            sum(d.machine_clicks) AS machine_clicks, sum(d.conversions) AS conversions, sum(d.cost) AS cost,
            sum(d.revenue) AS revenue, sum(d.refunds) AS refunds, sum(d.credits) AS credits, sum(d.credited) AS credited
        FROM channel_days AS d
        WHERE day BETWEEN {from:Date} AND {to:Date}
        GROUP BY channel, currency
    ),
    totals AS
    (
        SELECT
            channel, sum(c.events) AS events,
            sum(c.sends) AS sends, sum(c.delivered) AS delivered, sum(c.opens) AS opens, sum(c.clicks) AS clicks,
            sum(c.shown) AS shown, sum(c.views) AS views, sum(c.likes) AS likes, sum(c.shares) AS shares,
            sum(c.comments) AS comments, sum(c.impressions) AS impressions, sum(c.machine_opens) AS machine_opens,
            sum(c.machine_clicks) AS machine_clicks,
            groupArrayIf(
                (currency, conversions, cost, revenue, refunds, credits, credited),
                conversions != 0 OR cost != 0 OR revenue != 0 OR refunds != 0 OR credits != 0 OR credited != 0
            ) AS earned,
            arrayJoin(if(empty(earned), arrayResize(earned, 1), earned)) AS money
        FROM by_currency AS c
        GROUP BY channel
    ),
    people AS
    (
        SELECT
            channel, finalizeAggregation(seen) AS reach,
            -- Who bought and was reached: this many less than both.
            reach + finalizeAggregation(customers) - arrayReduce('uniqExactMerge', [seen, customers]) AS buyers
        FROM
        (
            SELECT
                channel, uniqExactStateIf(person, reached) AS seen, uniqExactStateIf(person, bought) AS customers
            FROM channel_people
            WHERE day BETWEEN {from:Date} AND {to:Date}
            GROUP BY channel
        )
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
    if(clicks > delivered + shown, NULL, clicks / nullIf(delivered + shown, 0)) AS ctr,
    money.2 AS conversions,
    buyers / nullIf(reach, 0) AS conversion_rate,
    money.3 AS cost,
    toFloat64(cost) / nullIf(attributed_conversions, 0) AS cpa,
    money.4 AS revenue,
    toFloat64(attributed_revenue) / nullIf(toFloat64(cost), 0) AS roas,
    views,
    likes,
    shares,
    comments,
    money.5 AS refunds,
    revenue - refunds AS net_revenue,
    impressions,
    machine_opens,
    machine_clicks,
    buyers,
    toFloat64(money.6) AS attributed_conversions,
    money.7 AS attributed_revenue,
    money.1 AS currency
FROM totals
LEFT ANY JOIN people USING (channel)
ORDER BY channel, currency;
