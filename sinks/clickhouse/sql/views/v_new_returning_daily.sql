-- Question: On each day, what came from new customers and what from those who had bought before?
-- Grain: a day in the shop's time zone, new or returning, and a currency.
-- Columns:
--   day [key]: the day, in the shop's time zone
--   customer_type [key, one_of new|returning]: new is the first order of a customer, returning every later one
--   customers [count]: customers with such an order in that currency on that day
--   orders [count]: their orders, less cancelled ones
--   revenue [money]: value of those orders, less refunds; a refund counts on its own day (unit: currency)
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: The first order is the first that is known here: a customer of before the data begins is new once.
--   Renewals of subscriptions are orders here. A refund of an order that nobody told of is of a returning customer.
CREATE OR REPLACE VIEW v_new_returning_daily AS
SELECT
    day,
    customer_type,
    uniqExactIf(current_id, counted > 0) AS customers,
    toUInt64(greatest(sum(counted), 0)) AS orders,
    sum(value) AS revenue,
    currency
FROM
(
    SELECT
        current_id,
        if(order_no = 1, 'new', 'returning') AS customer_type,
        arrayJoin(changes) AS change,
        toDate(change.1, '{timezone}') AS day,
        change.2 AS currency,
        change.3 AS value,
        if(orders > 0, change.4, 0) AS counted
    FROM current_orders
)
GROUP BY day, customer_type, currency
HAVING orders != 0 OR revenue != 0
ORDER BY day, customer_type, currency;
