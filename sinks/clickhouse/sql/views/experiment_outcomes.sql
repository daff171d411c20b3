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
        SELECT sipHash64(profile_id, message_id) AS of_event, any(margin) AS earned
        FROM events
        WHERE name = 'Order Completed' AND margin IS NOT NULL
        GROUP BY of_event
    ),
    sold AS
    (
        SELECT
            argMinIf(sipHash64(current_id), turn, kind != 'refund') AS buyer,
            minIf(at, kind != 'refund') AS ordered_at,
            -- As it was placed last: an order that was paid after a payment had failed was placed twice.
            argMaxIf(value, turn, kind IN ('order', 'renewal')) AS gross,
            toFloat64(anyIf(earned, earned IS NOT NULL AND kind IN ('order', 'renewal')))
                * if(gross = 0, 1, greatest(0, least(1, toFloat64(sum(value)) / toFloat64(gross)))) AS gain,
            -- The first entry is the order itself: what it earned counts there.
            arraySort(groupArray((kind NOT IN ('order', 'renewal'), toString(currency), toInt64(orders), value, changed_at)))
                AS changes
        FROM
        (
            -- By their time, of one time by their profile: as one text, which is quicker to compare.
            SELECT
                *,
                concat(leftPad(toString(toUnixTimestamp64Milli(changed_at) + 10000000000000), 15, '0'), profile_id) AS turn
            FROM current_conversions
        ) AS told
        LEFT ANY JOIN margins ON of_event = sipHash64(profile_id, message_id)
        GROUP BY sipHash64(order_id)
        HAVING countIf(kind != 'refund') > 0
    ),
    purchases AS
    (
        -- (currency, orders, value, gain, ordered_at, changed_at) of each change of each order.
        SELECT
            buyer AS number,
            groupArrayArray(arrayMap(
                (change, place) -> (
                    change.2, change.3, change.4, if(place = 1, gain, NULL), ordered_at, change.5
                ),
                changes, arrayEnumerate(changes)
            )) AS parts
        FROM sold
        GROUP BY number
    )
SELECT
    campaign_id,
    step,
    customer,
    arm,
    variant,
    control_share,
    first_at,
    contaminated,
    arrayMap(
        coin -> CAST(
            (
                coin,
                arraySum(one -> one.2, arrayFilter(one -> one.1 = coin, since)),
                arraySum(one -> one.3, arrayFilter(one -> one.1 = coin, since)),
                arraySum(one -> ifNull(one.4, 0), arrayFilter(one -> one.1 = coin, since)),
                arrayCount(one -> one.1 = coin AND one.4 IS NOT NULL, since),
                arraySum(one -> one.2, arrayFilter(one -> one.1 = coin, prior)),
                arraySum(one -> one.3, arrayFilter(one -> one.1 = coin, prior))
            ),
            'Tuple(currency String, orders Int64, revenue Decimal(38, 6), margin Float64, margins UInt64, orders_before Int64, revenue_before Decimal(38, 6))'
        ),
        arrayDistinct(arrayConcat(since.1, prior.1))
    ) AS bought,
    by_step
FROM
(
    SELECT
        drawn.*,
        arrayFilter(one -> one.5 > first_at AND one.5 <= first_at + INTERVAL {outcome_days} DAY, parts) AS since,
        arrayFilter(
            one -> one.5 <= first_at AND one.5 >= first_at - INTERVAL 90 DAY AND one.6 <= first_at, parts
        ) AS prior
    FROM experiment_customers AS drawn
    LEFT ANY JOIN purchases ON purchases.number = drawn.person
);
