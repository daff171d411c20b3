-- Question: Which customers bought lately, often and much, and which segment does that make them?
-- Grain: a customer who ordered from `from` to `to`, and a currency.
-- Columns:
--   profile_id [key]: the customer, as a profile of today
--   last_order_day [not_null]: day of the latest order, in the shop's time zone
--   recency_days [count]: days from it to `to`, or to the day of the newest event if that is earlier
--   frequency [count]: orders that stand, in any currency
--   monetary [money]: value of the orders, less refunds (unit: currency)
--   r [not_null]: score, 1 to 5, of recency: 5 for the latest
--   f [not_null]: score, 1 to 5, of frequency: 5 for the most
--   m [not_null]: score, 1 to 5, of money among the customers of the same currency: 5 for the most
--   rfm [not_null]: the three scores as one text, such as 545
--   segment [one_of Champions|Loyal Customers|Potential Loyalists|New Customers|Promising|Need Attention|About to Sleep|At Risk|Cannot Lose Them|Hibernating]: by r and f
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: Quintiles by ranks, with this rule for ties, so that equal values have equal scores and the order of rows does
--   not matter: r = ceil(5 x customers whose latest order is on the same day or earlier / customers), so the latest
--   day is always 5; f and m = 1 + floor(5 x customers with strictly less / customers), so the least is always 1.
--   An order that names nobody is of a customer of its own, with one order.
--   Where most customers have ordered once, they all have f = 1 and few scores lie between 1 and 5.
--   r, f and the segment are the same in each of a customer's currencies. Renewals of subscriptions are orders here.
--   Segments by r and f: 4-5 x 4-5 Champions where r is 5, else Loyal Customers with 3 x 4-5; 4-5 x 2-3 Potential
--   Loyalists; 5 x 1 New Customers; 4 x 1 Promising; 3 x 3 Need Attention; 3 x 1-2 About to Sleep; 1-2 x 5 Cannot
--   Lose Them; 1-2 x 3-4 At Risk; 1-2 x 1-2 Hibernating.
-- Source: Quintiles: A. M. Hughes, Strategic Database Marketing (1994). Names of segments: Putler,
--   https://www.putler.com/rfm-analysis, and the R package rfm (CRAN), over the grid of r and f.
CREATE OR REPLACE VIEW v_rfm AS
WITH
    (
        -- As far as the data goes.
        SELECT least({to:Date}, toDate(max(seen), '{timezone}'))
        FROM (SELECT max(last_seen) AS seen FROM profiles UNION ALL SELECT max(at) AS seen FROM conversions)
    ) AS as_of,
    lines AS
    (
        SELECT
            current_id, coin, sum(money) AS revenue, sum(counted) AS order_count,
            max(if(counted > 0, placed, toDate(0))) AS last_day
        FROM
        (
            SELECT
                current_id,
                arrayJoin(changes) AS change,
                change.2 AS coin,
                change.3 AS money,
                if(current_orders.orders > 0, change.4, 0) AS counted,
                toDate(ordered_at, '{timezone}') AS placed
            FROM current_orders
            WHERE toDate(change.1, '{timezone}') BETWEEN {from:Date} AND {to:Date}
        )
        GROUP BY current_id, coin
    ),
    customers AS
    (
        SELECT
            current_id,
            toUInt64(sum(order_count)) AS order_total,
            max(last_day) AS last_order,
            groupArray((coin, revenue)) AS amounts
        FROM lines
        GROUP BY current_id
        HAVING sum(order_count) > 0
    ),
    scored AS
    (
        SELECT
            *,
            -- Days of the latest orders that are the same or earlier, as a share: the range holds equal days.
            toUInt8(
                intDiv(5 * count() OVER (ORDER BY last_order) + count() OVER () - 1, count() OVER ())
            ) AS r_score,
            toUInt8(1 + intDiv(5 * (rank() OVER (ORDER BY order_total) - 1), count() OVER ())) AS f_score
        FROM customers
    ),
    by_currency AS
    (
        SELECT current_id, order_total, last_order, r_score, f_score, arrayJoin(amounts) AS amount
        FROM scored
    )
SELECT
    current_id AS profile_id,
    last_order AS last_order_day,
    toUInt64(greatest(toInt64(as_of) - toInt64(last_order), 0)) AS recency_days,
    order_total AS frequency,
    amount.2 AS monetary,
    r_score AS r,
    f_score AS f,
    toUInt8(
        1 + intDiv(
            5 * (rank() OVER (PARTITION BY amount.1 ORDER BY amount.2) - 1), count() OVER (PARTITION BY amount.1)
        )
    ) AS m,
    concat(toString(r), toString(f), toString(m)) AS rfm,
    multiIf(
        r = 5 AND f >= 4, 'Champions',
        r >= 3 AND f >= 4, 'Loyal Customers',
        r >= 4 AND f >= 2, 'Potential Loyalists',
        r = 5, 'New Customers',
        r = 4, 'Promising',
        r = 3 AND f = 3, 'Need Attention',
        r = 3, 'About to Sleep',
        f = 5, 'Cannot Lose Them',
        f >= 3, 'At Risk',
        'Hibernating'
    ) AS segment,
    amount.1 AS currency
FROM by_currency
ORDER BY profile_id, currency;
