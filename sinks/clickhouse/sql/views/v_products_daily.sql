-- Question: Which products were left in carts on each day, and what became of them?
-- Grain: a day in the shop's time zone on which carts were abandoned for the first time, a product and a currency.
-- Columns:
--   day [key]: day of the first abandonment of the carts, in the shop's time zone
--   product_id [key]: the shop's id of the product, its newest; empty where nobody said
--   sku [key]: its sku, as last written; empty where nobody said
--   name [not_null]: its newest name; empty where nobody said
--   abandoned [count]: carts in which it was at their first abandonment
--   abandoned_value [money]: price x quantity of it in those carts; 0 where a cart is in several currencies (unit: currency)
--   bought [count]: of those carts, those whose order had it in the cart, with or without a message
--   recovered [count]: of those, carts whose order is credited to a message about the cart
--   currency [key]: of the carts; empty where they have none
-- Notes: Two lines are one product if they have the same sku, in any case. A line without a sku is the product of its
--   product_id: that of the one sku that the product_id was ever seen with, else of its own. So all names that
--   channels have for a product come together. Discounts and lines without product_id and sku are no products.
--   Carts that went into another one when two profiles became one are left out: the other one counts.
CREATE OR REPLACE VIEW v_products_daily AS
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
            toDate(since, '{timezone}') AS day,
            product,
            held.currency AS coin,
            count() AS carts,
            sum(held.worth) AS value,
            countIf(bought) AS sold,
            countIf(bought AND number IN (SELECT number FROM credited)) AS won,
            maxIf(turn, id != '') AS id_turn, argMaxIf(id, turn, id != '') AS last_id,
            maxIf(turn, held.sku != '') AS sku_turn, argMaxIf(held.sku, turn, held.sku != '') AS last_sku,
            maxIf(turn, held.name != '') AS name_turn, argMaxIf(held.name, turn, held.name != '') AS last_name
        FROM product_carts AS held
        GROUP BY day, product, coin
    )
SELECT
    day,
    argMax(last_id, id_turn) OVER (PARTITION BY product) AS product_id,
    argMax(last_sku, sku_turn) OVER (PARTITION BY product) AS sku,
    argMax(last_name, name_turn) OVER (PARTITION BY product) AS name,
    carts AS abandoned,
    value AS abandoned_value,
    sold AS bought,
    won AS recovered,
    coin AS currency
FROM counted
ORDER BY day, abandoned DESC, product_id, sku, currency;
