-- Do abandoned carts come back? One row a day (UTC) on which carts were abandoned for the first time.
--   abandoned         carts; abandoned_value is their value, all currencies added as they are
--   messaged          of them, those whose customer was sent a message about them
--   recovered         orders credited to a message about one of them; recovered_value is their value
--   returned_alone    carts that were bought although no message was sent
--   recovery_rate     recovered / messaged; NULL if nobody was sent anything
-- Carts that went into another one when two profiles became one are left out: the other one counts.
CREATE OR REPLACE VIEW v_recovery AS
WITH
    notes AS (SELECT message_id, cart_id FROM messages FINAL WHERE cart_id != ''),
    credited AS
    (
        SELECT notes.cart_id AS cart_id, count() AS orders, sum(value) AS value
        FROM current_conversions
        INNER JOIN notes ON notes.message_id = recovered_message_id
        GROUP BY cart_id
    ),
    abandoned AS
    (
        SELECT
            toDate(assumeNotNull(abandoned_at)) AS day, cart_id, fate, carts.value AS worth,
            cart_id IN (SELECT cart_id FROM notes) AS told
        FROM carts
        WHERE abandonments > 0 AND fate != 'merged'
    )
SELECT
    day,
    count() AS abandoned,
    sum(worth) AS abandoned_value,
    countIf(told) AS messaged,
    sum(credited.orders) AS recovered,
    sum(credited.value) AS recovered_value,
    countIf(fate = 'converted' AND NOT told) AS returned_alone,
    recovered / nullIf(messaged, 0) AS recovery_rate
FROM abandoned
LEFT ANY JOIN credited ON credited.cart_id = abandoned.cart_id
GROUP BY day
ORDER BY day;
