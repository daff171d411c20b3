-- Question: What is a customer worth, by the month of the first order and the months since?
-- Grain: the month of the customers' first order, months since, and a currency.
-- Columns:
--   cohort [key]: first day of the month of the first order, in the shop's time zone
--   age_months [key]: months from it, 0 for the month of the first order itself
--   customers [count]: customers of the cohort who have ever ordered in that currency
--   orders [count]: their orders in that month, less cancelled ones
--   revenue [money]: value of those orders, less the refunds of that month (unit: currency)
--   revenue_to_date [money]: the same, from the first order to the end of that month (unit: currency)
--   lifetime_value [number]: revenue_to_date / customers (unit: currency)
--   orders_per_customer [number]: orders to the end of that month / customers
--   complete [not_null]: 1 if that month is over, by the newest event; 0 where more may come
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: What was earned, not a forecast. The first order is the first that is known here and stands, in any currency.
--   Renewals of subscriptions are orders here. Every month until the newest event has a row, also without orders.
--   Customers of whom only refunds are known are left out.
CREATE OR REPLACE VIEW v_lifetime_value AS
WITH
    (
        SELECT toStartOfMonth(toDate(max(seen), '{timezone}'))
        FROM (SELECT max(last_seen) AS seen FROM profiles UNION ALL SELECT max(at) AS seen FROM conversions)
    ) AS newest,
    lines AS
    (
        SELECT
            current_id,
            toStartOfMonth(toDate(first_ordered_at, '{timezone}')) AS start,
            arrayJoin(changes) AS change,
            change.2 AS coin,
            change.3 AS money,
            if(current_orders.orders > 0, change.4, 0) AS counted,
            -- A refund of before the first order that stands belongs to its month.
            greatest(dateDiff('month', start, toStartOfMonth(toDate(change.1, '{timezone}'))), 0) AS later
        FROM current_orders
        WHERE first_ordered_at > toDateTime64(0, 3, 'UTC')
    ),
    cohorts AS
    (
        SELECT
            start, coin, uniqExactIf(current_id, counted > 0) AS buyers,
            sumMap([toInt64(later)], [money]) AS earned, sumMap([toInt64(later)], [toInt64(counted)]) AS placed,
            greatest(dateDiff('month', start, newest), 0) AS oldest
        FROM lines
        GROUP BY start, coin
        HAVING buyers > 0
    ),
    months AS
    (
        SELECT
            start, coin, buyers, toInt64(arrayJoin(range(toUInt64(oldest) + 1))) AS later,
            -- A month without any has no place in the arrays: 0.
            earned.2[indexOf(earned.1, later)] AS money, placed.2[indexOf(placed.1, later)] AS counted
        FROM cohorts
    )
SELECT
    start AS cohort,
    toUInt32(later) AS age_months,
    buyers AS customers,
    toUInt64(greatest(counted, 0)) AS orders,
    money AS revenue,
    sum(money) OVER (PARTITION BY start, coin ORDER BY later) AS revenue_to_date,
    toFloat64(revenue_to_date) / customers AS lifetime_value,
    sum(counted) OVER (PARTITION BY start, coin ORDER BY later) / customers AS orders_per_customer,
    addMonths(cohort, age_months) < newest AS complete,
    coin AS currency
FROM months
ORDER BY cohort, age_months, currency;
