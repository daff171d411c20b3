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
WITH
    credited AS
    (
        SELECT sipHash64(notes.cart_id) AS number
        FROM current_conversions
        INNER JOIN (SELECT message_id, cart_id FROM messages FINAL WHERE cart_id != '') AS notes
            ON notes.message_id = recovered_message_id
        WHERE recovered_message_id != ''
        GROUP BY number
        HAVING sum(orders) > 0
    ),
    counted AS
    (
        SELECT
            product,
            held.currency AS coin,
            countIf(within) AS carts,
            sumIf(held.worth, within) AS value,
            countIf(within AND bought) AS sold,
            countIf(within AND bought AND number IN (SELECT number FROM credited)) AS won,
            -- Its newest names are those of all times.
            maxIf(turn, id != '') AS id_turn, argMaxIf(id, turn, id != '') AS last_id,
            maxIf(turn, held.sku != '') AS sku_turn, argMaxIf(held.sku, turn, held.sku != '') AS last_sku,
            maxIf(turn, held.name != '') AS name_turn, argMaxIf(held.name, turn, held.name != '') AS last_name
        FROM
        (
            SELECT *, toDate(since, '{timezone}') BETWEEN {from:Date} AND {to:Date} AS within FROM product_carts
        ) AS held
        GROUP BY product, coin
    ),
    named AS
    (
        SELECT
            carts, value, sold, won, coin,
            argMax(last_id, id_turn) OVER (PARTITION BY product) AS newest_id,
            argMax(last_sku, sku_turn) OVER (PARTITION BY product) AS newest_sku,
            argMax(last_name, name_turn) OVER (PARTITION BY product) AS newest_name
        FROM counted
    )
SELECT
    newest_id AS product_id,
    newest_sku AS sku,
    newest_name AS name,
    carts AS abandoned,
    value AS abandoned_value,
    sold AS bought,
    bought / abandoned AS purchase_rate,
    won AS recovered,
    recovered / abandoned AS recovery_rate,
    coin AS currency
FROM named
WHERE carts > 0
ORDER BY abandoned DESC, abandoned_value DESC, product_id, sku, currency;
