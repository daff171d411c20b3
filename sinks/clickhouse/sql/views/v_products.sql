-- Question: Which products are left in carts most, and which come back?
-- Grain: a product and a currency; carts first abandoned on the days from `from` to `to`.
-- Columns:
--   product_id [key]: the shop's id of the product, its newest; empty where nobody said
--   sku [key]: its sku, as last written; empty where nobody said
--   name [not_null]: its newest name; empty where nobody said
--   abandoned [count]: carts in which it was at their first abandonment
--   abandoned_value [money]: price x quantity of it in those carts; 0 where a cart is in several currencies (unit: currency)
--   bought [count]: of those carts, those whose order had it in the cart, with or without a message
--   purchase_rate [rate]: bought / abandoned
--   recovered [count]: of those, carts whose order is credited to a message about the cart
--   recovery_rate [rate]: recovered / abandoned
--   currency [key]: of the carts; empty where they have none
-- Notes: What a product is: v_products_daily. Most abandoned first; `ORDER BY recovered DESC` for the most recovered.
--   Credited is not caused: what messages change is in v_uplift.
CREATE OR REPLACE VIEW v_products AS
SELECT
    product_id,
    sku,
    any(daily.name) AS name,
    sum(daily.abandoned) AS abandoned,
    sum(daily.abandoned_value) AS abandoned_value,
    sum(daily.bought) AS bought,
    bought / abandoned AS purchase_rate,
    sum(daily.recovered) AS recovered,
    recovered / abandoned AS recovery_rate,
    currency
FROM v_products_daily AS daily
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY product_id, sku, currency
ORDER BY abandoned DESC, abandoned_value DESC, product_id, sku, currency;
