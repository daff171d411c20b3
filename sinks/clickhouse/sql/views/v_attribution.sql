-- Which channels bring the orders? One row an attribution model, channel and currency.
--   model             first, last, last_non_direct, linear, time_decay, position
--   currency          of the money beside it; empty where the orders name none
--   conversions       orders credited to the channel; an order that several share counts in parts
--   revenue           their value less refunds, shared in the same way
-- Within a model and currency, both add up to all orders exactly.
CREATE OR REPLACE VIEW v_attribution AS
SELECT
    model,
    channel,
    toFloat64(sum(orders * share)) AS conversions,
    sum(money) AS revenue,
    currency
FROM
(
    SELECT
        currency,
        orders,
        arrayJoin(JSONExtract(credits, 'Map(String, Map(String, Decimal(38, 6)))')) AS entry,
        entry.1 AS model,
        arrayJoin(entry.2) AS part,
        part.1 AS channel,
        part.2 AS share,
        JSONExtract(credited, model, channel, 'Decimal(38, 6)') AS money
    FROM current_conversions
)
GROUP BY model, channel, currency
HAVING conversions != 0 OR revenue != 0
ORDER BY model, channel, currency;
