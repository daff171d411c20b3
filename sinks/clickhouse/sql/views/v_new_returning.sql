-- Question: What came from new customers, and what from those who had bought before?
-- Grain: new or returning, and a currency; over the days from `from` to `to`.
-- Columns:
--   customer_type [key, one_of new|returning]: new is the first order of a customer, returning every later one
--   customers [count]: customers with such an order in that currency
--   orders [count]: their orders, less cancelled ones
--   order_share [rate]: orders / all orders of that currency
--   revenue [money]: value of those orders, less refunds; a refund counts on its own day (unit: currency)
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: The first order is the first that is known here: a customer of before the data begins is new once.
--   A customer whose first two orders are in these days counts in both rows.
--   Renewals of subscriptions are orders here. A refund of an order that nobody told of is of a returning customer.
CREATE OR REPLACE VIEW v_new_returning AS
SELECT
    customer_type,
    uniqExactIf(current_id, counted > 0) AS customers,
    toUInt64(greatest(sum(counted), 0)) AS orders,
    orders / nullIf(sum(orders) OVER (PARTITION BY currency), 0) AS order_share,
    sum(value) AS revenue,
    currency
FROM
(
    SELECT
        current_id,
        if(order_no = 1, 'new', 'returning') AS customer_type,
        arrayJoin(changes) AS change,
        change.2 AS currency,
        change.3 AS value,
        if(current_orders.orders > 0, change.4, 0) AS counted
    FROM current_orders
    WHERE toDate(change.1, '{timezone}') BETWEEN {from:Date} AND {to:Date}
)
GROUP BY customer_type, currency
HAVING orders != 0 OR revenue != 0
ORDER BY customer_type, currency;
