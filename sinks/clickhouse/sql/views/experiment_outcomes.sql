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
            -- As it was placed last: an order that was paid after a payment had failed was placed twice.
            argMaxIf(value, (changed_at, profile_id), kind IN ('order', 'renewal')) AS gross,
            toFloat64(anyIf(earned, earned IS NOT NULL AND kind IN ('order', 'renewal')))
                * if(gross = 0, 1, greatest(0, least(1, toFloat64(sum(value)) / toFloat64(gross)))) AS gain,
            -- The first entry is the order itself: what it earned counts there.
            arraySort(groupArray((kind NOT IN ('order', 'renewal'), toString(currency), toInt64(orders), value, changed_at)))
                AS changes
        FROM current_conversions
        LEFT ANY JOIN margins ON of_profile = profile_id AND of_message = message_id
        GROUP BY order_id
        HAVING countIf(kind != 'refund') > 0
    ),
    changed AS
    (
        SELECT
            buyer, ordered_at, change.2 AS currency, change.3 AS orders, change.4 AS value, change.5 AS changed_at,
            if(place = 1, gain, NULL) AS gain
        FROM sold
        ARRAY JOIN changes AS change, arrayEnumerate(changes) AS place
    ),
    matched AS
    (
        SELECT
            drawn.*, changed.currency AS currency, changed.orders AS orders, changed.value AS value, changed.gain AS gain,
            ordered_at > first_at AND ordered_at <= first_at + INTERVAL {outcome_days} DAY AS since,
            ordered_at <= first_at AND ordered_at >= first_at - INTERVAL 90 DAY AND changed_at <= first_at AS prior
        FROM experiment_customers AS drawn
        LEFT JOIN changed ON buyer = drawn.customer
    ),
    sums AS
    (
        SELECT
            campaign_id, step AS of_step, customer, any(matched.arm) AS of_arm, any(matched.variant) AS of_variant,
            any(matched.control_share) AS share, any(matched.first_at) AS began, any(matched.contaminated) AS both,
            matched.currency AS currency, countIf(since OR prior) AS counted,
            sumIf(orders, since) AS since_orders, sumIf(value, since) AS since_value,
            ifNull(sumIf(gain, since), 0.) AS since_gain, countIf(since AND gain IS NOT NULL) AS gains,
            sumIf(orders, prior) AS prior_orders, sumIf(value, prior) AS prior_value
        FROM matched
        GROUP BY campaign_id, of_step, customer, currency
    )
SELECT
    campaign_id,
    of_step AS step,
    customer,
    any(of_arm) AS arm,
    any(of_variant) AS variant,
    any(share) AS control_share,
    any(began) AS first_at,
    any(both) AS contaminated,
    groupArrayIf(
        CAST(
            (currency, since_orders, since_value, since_gain, gains, prior_orders, prior_value),
            'Tuple(currency String, orders Int64, revenue Decimal(38, 6), margin Float64, margins UInt64, orders_before Int64, revenue_before Decimal(38, 6))'
        ),
        counted > 0
    ) AS bought
FROM sums
GROUP BY campaign_id, of_step, customer;
