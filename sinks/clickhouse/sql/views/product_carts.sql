-- Products that were in a cart at its first abandonment: one row a cart and product. v_products and v_products_daily count
-- these. What a product is: v_products_daily; `product` is its number, a hash. `id`, `sku` and `name` are as this cart has
-- them, and `turn` puts carts in the order of their first abandonment. Carts that became part of another one are left out.
CREATE OR REPLACE VIEW product_carts AS
WITH
    steps AS
    (
        SELECT
            cart_id, sipHash64(cart_id) AS number, at, to_state, items, value, currency,
            sipHash64(profile_id, at, abandonment_no, to_state, from_state) AS step,
            toUnixTimestamp64Milli(at) * 4
                + multiIf(to_state = 'abandoned', 1, to_state = 'open', 2, 3) AS moment
        FROM cart_transitions FINAL
        -- The last of these rows says whether an order has the cart: one that was cancelled gives it back.
        WHERE to_state IN ('abandoned', 'converted') OR from_state = 'converted'
    ),
    -- Which rows count: numbers alone, so that lines are read of these only.
    ends AS
    (
        SELECT
            number AS cart,
            minIf(at, to_state = 'abandoned') AS since,
            argMinIf(step, moment, to_state = 'abandoned') AS left_step,
            argMax(if(to_state = 'converted', step, 0), moment) AS taken_step
        FROM steps
        WHERE cart_id NOT IN (SELECT cart_id FROM moved_carts WHERE fate = 'merged')
        GROUP BY cart
        HAVING countIf(to_state = 'abandoned') > 0
    ),
    lines AS
    (
        SELECT
            number, cart_id, since, currency, step = left_step AS was_left,
            -- Lines do not say their currency: they are in the cart's if they add up to its value.
            was_left AND arraySum(one -> toDecimal128(one.4 * one.5, 6), items) = ifNull(value, -1) AS valued,
            arrayJoin(arrayFilter(one -> NOT was_left OR one.4 >= 0, items)) AS item,
            item.1 AS said_id,
            item.2 AS said_sku,
            if(was_left, item.3, '') AS said_name,
            if(valued, toDecimal128(item.4 * item.5, 6), toDecimal128(0, 6)) AS worth
        FROM steps
        INNER JOIN ends ON ends.cart = steps.number
        WHERE step = left_step OR step = taken_step
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
    )
SELECT
    number,
    -- With its kind, so that an id is never taken for a sku.
    multiIf(
        said_sku != '', sipHash64('sku', lowerUTF8(said_sku)), only_sku != '', sipHash64('sku', only_sku),
        sipHash64('id', lowerUTF8(said_id))
    ) AS product,
    anyIf(toString(lines.currency), was_left) AS currency,
    any(lines.since) AS since,
    concat(leftPad(toString(toUnixTimestamp64Milli(since) + 10000000000000), 15, '0'), any(cart_id)) AS turn,
    min(was_left) = 0 AS bought,
    sum(lines.worth) AS worth,
    max(said_id) AS id,
    max(said_sku) AS sku,
    max(said_name) AS name
FROM lines
LEFT ANY JOIN skus ON skus.named = lowerUTF8(said_id)
WHERE said_id != '' OR said_sku != ''
GROUP BY number, product
HAVING max(was_left) = 1;
