-- Question: By which paths of channels do customers come to an order, and how often?
-- Grain: a path of channels and a currency; over the days from `from` to `to`.
-- Columns:
--   path [key]: channels of the touches before the order, in order of time, joined by " > "
--   steps [count]: channels in the path
--   orders [count]: orders that came this way, less cancelled ones
--   order_share [rate]: orders / all orders of that currency
--   touches_per_order [number]: touches, repeats in a row included, / orders
--   revenue [money]: value of those orders, less refunds; a refund counts on its own day (unit: currency)
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: What a path is: v_journeys_daily. Repeats of a channel in a row are one step.
CREATE OR REPLACE VIEW v_journeys AS
SELECT
    path,
    any(daily.steps) AS steps,
    sum(daily.orders) AS orders,
    orders / nullIf(sum(orders) OVER (PARTITION BY currency), 0) AS order_share,
    sum(daily.touches) / nullIf(orders, 0) AS touches_per_order,
    sum(daily.revenue) AS revenue,
    currency
FROM v_journeys_daily AS daily
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY path, currency
ORDER BY orders DESC, path, currency;
