-- Question: Where do the visitors of each day come from, and what do they buy?
-- Grain: a day in the shop's time zone, a source, a medium, a campaign, a referrer and a currency.
-- Columns:
--   day [key]: the day of the visit, of the cart's opening, of the order, of the refund
--   source [key]: utm_source (context.campaign.source); empty where a visit names none
--   medium [key]: utm_medium
--   campaign [key]: utm_campaign
--   referrer [key]: host of the page that it was come from, without www; the shop's own and those of payment services and the
--     like are none
--   visitors [count]: customers of today who came from there; direct: who were in the shop on a day and came from nowhere named
--   carts [count]: carts opened after a visit from there, the last one with a source, 30 days before at most
--   orders [count]: orders placed after a visit from there, the last one with a source, 30 days before at most; on whatever
--     channel; none that was cancelled
--   revenue [money]: their value less refunds and cancellations (unit: currency)
--   currency [key]: of the orders and the money beside it; empty where there are none, or nobody named one
-- Notes: A row of four empty texts is direct: no visit with a source in the 30 days before. Refunds count on their own day,
--   for the source of their order. Orders and money add up to those of all channels.
CREATE OR REPLACE VIEW v_sources_daily AS
WITH
    visitors AS
    (
        SELECT day, origin, uniqExact(person) AS visiting
        FROM visit_origins
        GROUP BY day, origin
        UNION ALL
        -- Whoever names no source all day.
        SELECT toDate(quarter, '{timezone}') AS day, toUInt64(0) AS origin, uniqExact(person) AS visiting
        FROM current_activity
        WHERE bitTest(did, 2) AND (person, toDate(quarter, '{timezone}')) NOT IN (SELECT person, day FROM visit_origins)
        GROUP BY day
    ),
    by_currency AS
    (
        SELECT
            day, origin, currency, toUInt64(0) AS visitors, sum(s.carts) AS carts, sum(s.orders) AS orders,
            sum(s.revenue) AS revenue
        FROM sources AS s
        GROUP BY day, origin, currency
        UNION ALL
        SELECT day, origin, '', visiting, 0, 0, 0
        FROM visitors
    ),
    totals AS
    (
        SELECT
            day, origin, sum(c.visitors) AS visitors, sum(c.carts) AS carts,
            groupArrayIf((currency, orders, revenue), orders != 0 OR revenue != 0) AS earned,
            arrayJoin(if(empty(earned), arrayResize(earned, 1), earned)) AS money
        FROM by_currency AS c
        GROUP BY day, origin
    )
SELECT
    day,
    texts.1 AS source,
    texts.2 AS medium,
    texts.3 AS campaign,
    texts.4 AS referrer,
    visitors,
    carts,
    money.2 AS orders,
    money.3 AS revenue,
    money.1 AS currency
FROM totals
LEFT ANY JOIN (SELECT number, any(o.origin) AS texts FROM origins AS o GROUP BY number) AS known ON known.number = totals.origin
WHERE visitors + carts > 0 OR notEmpty(earned)
ORDER BY day, visitors DESC, source, medium, campaign, referrer, currency;
