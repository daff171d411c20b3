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
    ends AS
    (
        SELECT
            cart_id,
            minIf(at, to_state = 'abandoned') AS abandoned_at,
            argMinIf((items, ifNull(value, -1), toString(currency)), moment, to_state = 'abandoned') AS left_behind,
            arrayFilter(one -> argMax(to_state, moment) = 'converted', argMax(items, moment)) AS taken
        FROM
        (
            SELECT
                cart_id, at, to_state, items, value, currency,
                toUnixTimestamp64Milli(at) * 4
                    + multiIf(to_state = 'abandoned', 1, to_state = 'open', 2, 3) AS moment
            FROM cart_transitions FINAL
            -- The last of these rows says whether an order has the cart: one that was cancelled gives it back.
            WHERE to_state IN ('abandoned', 'converted') OR from_state = 'converted'
        )
        WHERE cart_id NOT IN (SELECT cart_id FROM carts WHERE fate = 'merged')
        GROUP BY cart_id
        HAVING countIf(to_state = 'abandoned') > 0
    ),
    carted AS
    (
        SELECT
            cart_id,
            abandoned_at,
            left_behind.3 AS coin,
            left_behind.1 AS left_lines,
            taken,
            -- Lines do not say their currency: they are in the cart's if they add up to its value.
            arraySum(one -> toDecimal128(one.4 * one.5, 6), left_lines) = left_behind.2 AS valued
        FROM ends
    ),
    lines AS
    (
        SELECT
            cart_id,
            abandoned_at,
            coin,
            arrayJoin(arrayConcat(
                arrayMap(
                    one -> (true, one.1, one.2, one.3, if(valued, toDecimal128(one.4 * one.5, 6), toDecimal128(0, 6))),
                    arrayFilter(one -> one.4 >= 0, left_lines)
                ),
                arrayMap(one -> (false, one.1, one.2, '', toDecimal128(0, 6)), taken)
            )) AS item,
            item.1 AS was_left,
            item.2 AS said_id,
            item.3 AS said_sku,
            item.4 AS said_name,
            item.5 AS worth
        FROM carted
    ),
    skus AS
    (
        SELECT lowerUTF8(one.1) AS named, any(lowerUTF8(one.2)) AS only_sku
        FROM
        (
            SELECT DISTINCT arrayJoin(arrayMap(line -> (line.1, line.2), items)) AS one
            FROM cart_transitions
        )
        WHERE one.1 != '' AND one.2 != ''
        GROUP BY named
        HAVING uniqExact(lowerUTF8(one.2)) = 1
    ),
    credited AS
    (
        SELECT notes.cart_id AS cart_id
        FROM current_conversions
        INNER JOIN (SELECT message_id, cart_id FROM messages FINAL WHERE cart_id != '') AS notes
            ON notes.message_id = recovered_message_id
        GROUP BY cart_id
        HAVING sum(orders) > 0
    ),
    held AS
    (
        SELECT
            cart_id,
            -- As a tuple, so that an id is never taken for a sku.
            multiIf(
                said_sku != '', ('sku', lowerUTF8(said_sku)), only_sku != '', ('sku', only_sku),
                ('id', lowerUTF8(said_id))
            ) AS product,
            any(coin) AS currency,
            any(abandoned_at) AS since,
            min(was_left) = 0 AS bought,
            sum(worth) AS worth,
            maxIf((since_said, said_id), said_id != '') AS latest_id,
            maxIf((since_said, said_sku), said_sku != '') AS latest_sku,
            maxIf((since_said, said_name), said_name != '') AS latest_name
        FROM (SELECT *, (abandoned_at, cart_id) AS since_said FROM lines) AS told
        LEFT ANY JOIN skus ON skus.named = lowerUTF8(said_id)
        WHERE said_id != '' OR said_sku != ''
        GROUP BY cart_id, product
        HAVING max(was_left) = 1
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
            countIf(bought AND cart_id IN (SELECT cart_id FROM credited)) AS won,
            max(latest_id) AS newest_id,
            max(latest_sku) AS newest_sku,
            max(latest_name) AS newest_name
        FROM held
        GROUP BY day, product, coin
    )
SELECT
    day,
    (max(newest_id) OVER (PARTITION BY product)).2 AS product_id,
    (max(newest_sku) OVER (PARTITION BY product)).2 AS sku,
    (max(newest_name) OVER (PARTITION BY product)).2 AS name,
    carts AS abandoned,
    value AS abandoned_value,
    sold AS bought,
    won AS recovered,
    coin AS currency
FROM counted
ORDER BY day, abandoned DESC, product_id, sku, currency;
