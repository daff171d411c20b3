-- Question: Which channels earned the orders, under each model?
-- Grain: a model, a channel, a currency, and who computed it; over days.
-- Columns:
--   model [key]: first, last, last_non_direct, linear, time_decay, position; and those that `winback attribution` has
--     computed for these days: markov, markov-2, markov-3, shapley, shapley-rate, or a rule with a lookback of its own
--   channel [key]: channel of the touches that led to the orders
--   conversions [not_null]: orders credited to the channel; an order that several share counts in parts
--   revenue [money]: their value less refunds and cancellations, shared in the same way
--   currency [key]: of the money beside it; empty where the orders name none
--   computed_by [key, one_of stream|command]: the stream, as orders come in, or the last `winback attribution` for
--     exactly these days
--   computed_at: when the command has; NULL of the stream, whose rows are always of now
--   lookback_days: days before an order whose touches count, of the command; NULL of the stream: what the campaigns file
--     said at the time of each order
-- Notes: Within a model and currency both columns add up to all orders of these days exactly; refunds count on their own
--   day. No model says what would have been bought anyway: v_uplift does.
-- Source: docs/attribution.md has the formula of each model and where it comes from.
CREATE OR REPLACE VIEW v_attribution AS
SELECT *
FROM
(
    SELECT
        model, channel, sum(daily.conversions) AS conversions, sum(daily.revenue) AS revenue, currency,
        'stream' AS computed_by, CAST(NULL, 'Nullable(DateTime64(3, \'UTC\'))') AS computed_at,
        CAST(NULL, 'Nullable(UInt32)') AS lookback_days
    FROM v_attribution_daily AS daily
    WHERE day BETWEEN {from:Date} AND {to:Date}
    GROUP BY model, channel, currency
    HAVING conversions != 0 OR revenue != 0
    UNION ALL
    SELECT
        model, channel, results.conversions AS conversions, results.revenue AS revenue, currency,
        'command' AS computed_by, toNullable(results.computed_at) AS computed_at,
        toNullable(results.lookback_days) AS lookback_days
    FROM attribution_results AS results FINAL
    WHERE from_day = {from:Date} AND to_day = {to:Date} AND (model, results.computed_at) IN (
        SELECT model, max(attribution_results.computed_at) FROM attribution_results
        WHERE from_day = {from:Date} AND to_day = {to:Date}
        GROUP BY model
    )
)
ORDER BY model, computed_by, channel, currency;
