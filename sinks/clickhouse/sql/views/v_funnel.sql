-- Question: How many customers get from a visit to a product, a cart, the checkout and an order, and where do they stop?
-- Grain: a step; what customers did on the days from `from` to `to`.
-- Columns:
--   position [key]: 1 to 5
--   step [one_of visit|product viewed|cart|checkout|order]: what it takes to reach it, after all the steps before it
--   customers [count]: customers who reached the step, each with the steps before it within 7 days
--   share_of_visits [rate]: customers / customers of the first step
--   share_of_previous [rate]: customers / customers of the step before; NULL for the first
--   customers_in_strict_order [count]: of them, those who took the steps without a later step before an earlier one
-- Notes: visit: anything that a person did on web, app, store, marketplace or messenger (contract section 3, Activity);
--   product viewed: Product Viewed there; cart: Product Added; checkout: Checkout Started; order: an order that stands,
--   on any channel, no renewal. A funnel is closed: a cart counts after a product viewed, an order after a checkout.
--   The 7 days begin with the product viewed, which is a visit itself. Of several ways through it the longest counts;
--   a step that is repeated may begin the rest anew; of two steps at the same millisecond the earlier one comes first.
--   All this is decided by ClickHouse's windowFunnel, in its default mode and with 'strict_order'.
-- Source: windowFunnel: https://clickhouse.com/docs/sql-reference/aggregate-functions/parametric-functions#windowfunnel
CREATE OR REPLACE VIEW v_funnel AS
WITH
    told AS
    (
        -- Who did what: its milliseconds and the step, in one number. Without FINAL: what stands here twice changes no step.
        SELECT
            person,
            toUInt64(toUnixTimestamp64Milli(event_time)) * 8 + if(
                type = 'track', transform(name, ['Product Viewed', 'Product Added', 'Checkout Started'], [2, 3, 4], 1), 1
            ) AS moment
        FROM events
        PREWHERE bitTest(did, 2)
        WHERE toDate(event_time, '{timezone}') BETWEEN {from:Date} AND {to:Date}
            AND notEmpty(head_type)
            AND type IN ('track', 'page', 'screen')
            AND person NOT IN (SELECT sipHash64(profile_id) FROM split_heads)
    ),
    walked AS
    (
        -- Of visits one is enough: every later step is a visit itself.
        SELECT person, min(moment) AS began, groupUniqArrayIf(moment, bitAnd(moment, 7) > 1) AS taken
        FROM told
        GROUP BY person
    ),
    resolved AS
    (
        SELECT if(later.into = 0, walked.person, later.into) AS person, began, taken
        FROM walked
        LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles) AS later
            ON later.merged = walked.person
        UNION ALL
        SELECT
            customer,
            toUInt64(toUnixTimestamp64Milli(event_time)) * 8 + if(
                type = 'track', transform(name, ['Product Viewed', 'Product Added', 'Checkout Started'], [2, 3, 4], 1), 1
            ) AS began,
            if(bitAnd(began, 7) > 1, [began], [])
        FROM split_events
        WHERE bitTest(did, 2)
            AND toDate(event_time, '{timezone}') BETWEEN {from:Date} AND {to:Date}
            AND notEmpty(head_type)
            AND type IN ('track', 'page', 'screen')
    ),
    moments AS
    (
        SELECT person, arrayJoin(arrayPushFront(taken, intDiv(began, 8) * 8 + 1)) AS moment
        FROM resolved
        UNION ALL
        SELECT sipHash64(current_id) AS person, toUInt64(toUnixTimestamp64Milli(ordered_at)) * 8 + 5 AS moment
        FROM current_orders
        WHERE orders > 0 AND kind = 'order' AND toDate(ordered_at, '{timezone}') BETWEEN {from:Date} AND {to:Date}
    ),
    levels AS
    (
        SELECT
            person,
            windowFunnel(604800000)(
                at, what < 5, what = 2, what = 3, what = 4, what = 5
            ) AS level,
            windowFunnel(604800000, 'strict_order')(
                at, what < 5, what = 2, what = 3, what = 4, what = 5
            ) AS strict_level
        FROM (SELECT person, bitShiftRight(moment, 3) AS at, bitAnd(moment, 7) AS what FROM moments)
        GROUP BY person
    ),
    counts AS
    (
        SELECT
            arrayJoin(range(1, 6)) AS position,
            countIf(level >= position) AS reached,
            countIf(level >= position AND strict_level >= position) AS strictly
        FROM levels
        GROUP BY position
    )
SELECT
    toUInt8(position) AS position,
    ['visit', 'product viewed', 'cart', 'checkout', 'order'][position] AS step,
    reached AS customers,
    customers / nullIf(max(reached) OVER (), 0) AS share_of_visits,
    if(
        position = 1, NULL, customers / nullIf(any(reached) OVER (ORDER BY position ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING), 0)
    ) AS share_of_previous,
    strictly AS customers_in_strict_order
FROM counts
ORDER BY position;
