-- Do abandoned carts come back? One row a day (UTC) on which carts were abandoned for the first time, and
-- currency: the cart's, or its order's where the cart has none.
--   abandoned         carts; abandoned_value is their value, that of carts in several currencies left out
--   messaged          of them, those whose customer was sent a message about them
--   recovered         orders credited to a message about one of them; recovered_value is their value,
--                     less what was refunded or cancelled; an order of another currency is in the row of that one
--   returned_alone    carts that were bought although no message was sent
--   recovery_rate     recovered / messaged; NULL if nobody was sent anything
-- Carts that went into another one when two profiles became one are left out: the other one counts.
CREATE OR REPLACE VIEW v_recovery AS
WITH
    notes AS (SELECT message_id, cart_id FROM messages FINAL WHERE cart_id != ''),
    credited AS
    (
        SELECT notes.cart_id AS cart_id, current_conversions.currency AS coin, sum(orders) AS orders, sum(value) AS value
        FROM current_conversions
        INNER JOIN notes ON notes.message_id = recovered_message_id
        GROUP BY cart_id, coin
    ),
    abandoned AS
    (
        SELECT
            toDate(assumeNotNull(abandoned_at)) AS day, carts.cart_id AS cart_id, fate, ifNull(carts.value, 0) AS worth,
            if(carts.currency = '', coins.coin, carts.currency) AS coin,
            carts.cart_id IN (SELECT cart_id FROM notes) AS told
        FROM carts
        LEFT ANY JOIN (SELECT cart_id, coin FROM credited) AS coins ON coins.cart_id = carts.cart_id
        WHERE abandonments > 0 AND fate != 'merged'
    ),
    parts AS
    (
        SELECT
            day, coin, count() AS carts, sum(worth) AS left, countIf(told) AS noted, toInt64(0) AS orders,
            toDecimal128(0, 6) AS money, countIf(fate = 'converted' AND NOT told) AS alone
        FROM abandoned
        GROUP BY day, coin
        UNION ALL
        SELECT day, if(credited.coin = '', abandoned.coin, credited.coin) AS coin, 0, 0, 0, credited.orders, credited.value, 0
        FROM credited
        INNER JOIN abandoned ON abandoned.cart_id = credited.cart_id
    )
SELECT
    day,
    sum(carts) AS abandoned,
    sum(left) AS abandoned_value,
    sum(noted) AS messaged,
    sum(orders) AS recovered,
    sum(money) AS recovered_value,
    sum(alone) AS returned_alone,
    recovered / nullIf(messaged, 0) AS recovery_rate,
    coin AS currency
FROM parts
GROUP BY day, currency
ORDER BY day, currency;
