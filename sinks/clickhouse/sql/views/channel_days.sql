-- What happened on each channel on each day (in the shop's time zone): sums, and money by currency. v_channel_daily and
-- v_channel_kpis are made of it; channel_people has the customers. What is no money and no order is in rows of any currency,
-- to be added up over all of them.
CREATE OR REPLACE VIEW channel_days AS
WITH toDecimal128(0, 6) AS nothing
SELECT
    day, channel, currency, channel_events.events AS events, channel_events.engagements AS engagements,
    channel_events.impressions AS impressions, channel_events.shown AS shown, channel_events.ad_clicks AS ad_clicks,
    channel_events.views AS views, channel_events.likes AS likes, channel_events.shares AS shares,
    channel_events.comments AS comments, channel_events.machine_opens AS machine_opens,
    channel_events.machine_clicks AS machine_clicks, 0 AS sends, 0 AS delivered, 0 AS opens, 0 AS clicks,
    toInt64(0) AS conversions, nothing AS revenue, nothing AS refunds, nothing AS credits, nothing AS credited,
    channel_events.cost AS cost
FROM channel_events
UNION ALL
SELECT
    day, toString(channel), '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    countIf(ours), countIf(message_facts.delivered), countIf(opened), countIf(clicked),
    0, nothing, nothing, nothing, nothing, nothing
FROM message_facts
GROUP BY day, channel
UNION ALL
SELECT
    day, channel, currency, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    placed, revenue, refunds, credits, credited, nothing
FROM
(
    SELECT
        toDate(at, '{timezone}') AS day, part.1 AS channel, toString(currency) AS currency,
        sum(part.2) AS placed, sum(part.3) AS revenue, sum(part.4) AS refunds, sum(part.5) AS credits, sum(part.6) AS credited
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
    )
    GROUP BY day, channel, currency
);
