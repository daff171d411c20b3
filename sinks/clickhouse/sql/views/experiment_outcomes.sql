-- What the customers of `experiment_customers` bought: one row for each of its rows, with all its columns.
-- `bought` has an entry for each currency of an order from 90 days before the first decision to {outcome_days} days after:
--   currency
--   orders, revenue       of orders placed after the first decision (later than it, and within {outcome_days} days): as
--                         many as stand, and their value less all that was refunded or cancelled, whenever that was
--   margin, margins       what these orders earned (margin of Order Completed), in proportion to what was not refunded,
--                         and how many of them say it
--   orders_before, revenue_before
--                         of the 90 days up to the first decision, as known at its time: nothing the campaign can move
-- A refund is the order's, whoever tells of it.
CREATE OR REPLACE VIEW experiment_outcomes AS
WITH
    toDecimal128(0, 6) AS nothing,
    margins AS
    (
        SELECT profile_id AS of_profile, message_id AS of_message, any(margin) AS earned
        FROM events
        WHERE name = 'Order Completed' AND margin IS NOT NULL
        GROUP BY of_profile, of_message
    ),
    sold AS
    (
        SELECT
            argMinIf(current_id, (changed_at, profile_id), kind != 'refund') AS buyer,
            minIf(at, kind != 'refund') AS ordered_at,
            sumIf(value, kind IN ('order', 'renewal')) AS gross,
            toFloat64(anyIf(earned, earned IS NOT NULL AND kind IN ('order', 'renewal')))
                * if(gross = 0, 1, greatest(0, least(1, toFloat64(sum(value)) / toFloat64(gross)))) AS gain,
            argMinIf(currency, (changed_at, profile_id), kind != 'refund') AS coin,
            groupArray((currency, orders, value, changed_at)) AS changes
        FROM current_conversions
        LEFT ANY JOIN margins ON of_profile = profile_id AND of_message = message_id
        GROUP BY order_id
        HAVING countIf(kind != 'refund') > 0
    ),
    buyers AS
    (
        SELECT buyer, groupArray((ordered_at, changes, gain, coin)) AS all_orders FROM sold GROUP BY buyer
    )
SELECT
    drawn.campaign_id AS campaign_id,
    drawn.step AS step,
    drawn.customer AS customer,
    drawn.arm AS arm,
    drawn.variant AS variant,
    drawn.control_share AS control_share,
    drawn.first_at AS first_at,
    drawn.contaminated AS contaminated,
    arrayFilter(
        one -> one.1 > drawn.first_at AND one.1 <= drawn.first_at + INTERVAL {outcome_days} DAY, all_orders
    ) AS since,
    arrayFilter(one -> one.1 <= drawn.first_at AND one.1 >= drawn.first_at - INTERVAL 90 DAY, all_orders) AS prior,
    arrayFlatten(arrayMap(one -> one.2, since)) AS changes_since,
    arrayFilter(one -> one.4 <= drawn.first_at, arrayFlatten(arrayMap(one -> one.2, prior))) AS changes_before,
    arrayMap(
        coin -> CAST((
            coin,
            arraySum(one -> if(one.1 = coin, toInt64(one.2), 0), changes_since),
            arraySum(one -> if(one.1 = coin, one.3, nothing), changes_since),
            arraySum(one -> if(one.4 = coin, ifNull(one.3, 0.), 0.), since),
            arrayCount(one -> one.4 = coin AND one.3 IS NOT NULL, since),
            arraySum(one -> if(one.1 = coin, toInt64(one.2), 0), changes_before),
            arraySum(one -> if(one.1 = coin, one.3, nothing), changes_before)
        ), 'Tuple(currency String, orders Int64, revenue Decimal(38, 6), margin Float64, margins UInt64, orders_before Int64, revenue_before Decimal(38, 6))'),
        arraySort(arrayDistinct(arrayMap(one -> toString(one.1), arrayConcat(changes_since, changes_before))))
    ) AS bought
FROM experiment_customers AS drawn
LEFT ANY JOIN buyers ON buyer = drawn.customer;
