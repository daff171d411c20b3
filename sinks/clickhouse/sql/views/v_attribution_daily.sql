-- Question: What did each channel earn on each day, under each of the six rules?
-- Grain: a day in the shop's time zone, a model, a channel and a currency.
-- Columns:
--   day [key]: the day that orders were placed on; of a refund its own
--   model [key, one_of first|last|last_non_direct|linear|time_decay|position]: the rule
--   channel [key]: channel of the touches that led to the orders
--   conversions [not_null]: orders credited to the channel; an order that several share counts in parts
--   revenue [money]: their value less refunds and cancellations, shared in the same way
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: Within a day, model and currency both add up to all orders exactly. A cancellation takes its order off the day
--   of the order, so a day may come to less than nothing only where refunds are paid back on it.
-- Source: Google Analytics, Model Comparison Tool (names and weights of the rules).
CREATE OR REPLACE VIEW v_attribution_daily AS
SELECT
    toDate(at, '{timezone}') AS day,
    credit.model AS model,
    credit.name AS channel,
    sum(orders * credit.share) AS conversions,
    sum(credit.money) AS revenue,
    currency
FROM current_conversions
ARRAY JOIN channel_credit AS credit
GROUP BY day, model, channel, currency
HAVING conversions != 0 OR revenue != 0
ORDER BY day, model, channel, currency;
