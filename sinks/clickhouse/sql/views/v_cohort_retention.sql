-- Question: Of the customers who first ordered in a month or week, how many ordered again in each month or week since?
-- Grain: month or week, the cohort (the one of the first order), and how many months or weeks later.
-- Columns:
--   period [key, one_of month|week]: whether cohorts and ages are months or weeks (from Monday)
--   cohort [key]: first day of the month or week of the customers' first order, in the shop's time zone
--   age [key]: how many of them later, 0 for the month or week of the first order itself
--   customers [count]: customers of the cohort
--   ordered [count]: of them, those who ordered in that month or week; at age 0 all
--   retention [rate]: ordered / customers
--   orders [count]: their orders in that month or week
--   complete [not_null]: 1 if that month or week is over, by the newest event; 0 where more may come
-- Notes: The first order is the first that is known here and stands: cancelled ones are none. Renewals of subscriptions
--   are orders here. Every age until the newest event has a row, also without orders.
CREATE OR REPLACE VIEW v_cohort_retention AS
WITH
    (
        SELECT toDate(max(seen), '{timezone}')
        FROM (SELECT max(last_seen) AS seen FROM profiles UNION ALL SELECT max(at) AS seen FROM conversions)
    ) AS newest,
    placed AS
    (
        SELECT
            current_id,
            arrayJoin(['month', 'week']) AS unit,
            toDate(first_ordered_at, '{timezone}') AS first_day,
            toDate(ordered_at, '{timezone}') AS day,
            if(unit = 'month', toStartOfMonth(first_day), toMonday(first_day)) AS start,
            if(
                unit = 'month', dateDiff('month', toStartOfMonth(first_day), toStartOfMonth(day)),
                intDiv(toMonday(day) - toMonday(first_day), 7)
            ) AS later
        FROM current_orders
        WHERE orders > 0
    ),
    active AS
    (
        SELECT unit, start, later, uniqExact(current_id) AS buyers, count() AS placed_orders
        FROM placed
        GROUP BY unit, start, later
    ),
    cohorts AS
    (
        SELECT
            unit, start, anyIf(buyers, later = 0) AS size,
            mapFromArrays(groupArray(toInt64(later)), groupArray((buyers, placed_orders))) AS found,
            if(
                unit = 'month', dateDiff('month', start, toStartOfMonth(newest)),
                intDiv(toMonday(newest) - start, 7)
            ) AS oldest
        FROM active
        GROUP BY unit, start
    )
SELECT
    unit AS period,
    start AS cohort,
    toUInt32(arrayJoin(range(toUInt64(greatest(oldest, 0)) + 1))) AS age,
    size AS customers,
    found[toInt64(age)].1 AS ordered,
    ordered / customers AS retention,
    found[toInt64(age)].2 AS orders,
    if(period = 'month', addMonths(cohort, age + 1), addWeeks(cohort, age + 1)) <= newest AS complete
FROM cohorts
ORDER BY period, cohort, age;
