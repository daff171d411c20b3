-- Question: How long after abandoning a cart do customers buy it?
-- Grain: a stage; carts first abandoned on the days from `from` to `to`.
-- Columns:
--   stage [key, one_of all|cart|checkout]: checkout if one was started in the cart before or after; all: both together
--   abandoned [count]: carts
--   bought [count]: of them, those that an order has converted by now
--   purchase_rate [rate]: bought / abandoned
--   within_hour [rate]: carts bought within an hour of their first abandonment / abandoned
--   within_day [rate]: the same, within 24 hours
--   within_week [rate]: the same, within 7 days
--   hours_p25 [number]: a quarter of the bought carts were bought within so many hours
--   hours_p50 [number]: half of them (the median)
--   hours_p75 [number]: three quarters of them
--   hours_p90 [number]: nine tenths of them
-- Notes: From the first abandonment of a cart to the order that converted it, with or without a message: what messages
--   change is in v_uplift. Carts of these days that are still open may be bought later, so look at days long enough ago.
--   Carts that went into another one when two profiles became one are left out: the other one counts.
-- Source: Quantiles by linear interpolation, type 7 of R. J. Hyndman and Y. Fan, Sample quantiles in statistical
--   packages, The American Statistician 50 (1996).
CREATE OR REPLACE VIEW v_time_to_purchase AS
SELECT
    stage,
    count() AS abandoned,
    countIf(sold) AS bought,
    bought / abandoned AS purchase_rate,
    countIf(sold AND milliseconds <= 3600000) / abandoned AS within_hour,
    countIf(sold AND milliseconds <= 24 * 3600000) / abandoned AS within_day,
    countIf(sold AND milliseconds <= 7 * 24 * 3600000) / abandoned AS within_week,
    if(bought = 0, NULL, quantileExactInclusiveIf(0.25)(milliseconds, sold) / 3600000) AS hours_p25,
    if(bought = 0, NULL, quantileExactInclusiveIf(0.5)(milliseconds, sold) / 3600000) AS hours_p50,
    if(bought = 0, NULL, quantileExactInclusiveIf(0.75)(milliseconds, sold) / 3600000) AS hours_p75,
    if(bought = 0, NULL, quantileExactInclusiveIf(0.9)(milliseconds, sold) / 3600000) AS hours_p90
FROM
(
    SELECT
        arrayJoin(['all', if(checkout, 'checkout', 'cart')]) AS stage,
        fate = 'converted' AS sold,
        toUnixTimestamp64Milli(last_at) - toUnixTimestamp64Milli(assumeNotNull(abandoned_at)) AS milliseconds
    FROM carts
    WHERE abandonments > 0 AND fate != 'merged'
        AND toDate(assumeNotNull(abandoned_at), '{timezone}') BETWEEN {from:Date} AND {to:Date}
)
GROUP BY stage
ORDER BY stage;
