-- Question: Do abandoned carts come back, with a message, without one, and in the control group?
-- Grain: a day in the shop's time zone on which carts were abandoned for the first time, and a currency: the cart's, or
--   its order's where the cart has none.
-- Columns:
--   day [key]: day of the first abandonment, in the shop's time zone
--   abandoned [count]: carts
--   abandoned_value [money]: their value; that of carts in several currencies is left out
--   messaged [count]: carts whose customer was sent a message about them
--   returned_messaged [count]: of these, carts that were bought
--   messaged_return_rate [rate]: returned_messaged / messaged
--   unmessaged [count]: carts about which nothing was sent, control included
--   returned_alone [count]: of these, carts that were bought
--   alone_return_rate [rate]: returned_alone / unmessaged
--   treated [count]: carts whose customer was drawn into treatment, whether or not a message was sent
--   returned_treated [count]: of these, carts that were bought
--   treated_return_rate [rate]: returned_treated / treated
--   control [count]: carts whose customer was drawn into control by every campaign that decided about them
--   returned_control [count]: of these, carts that were bought
--   control_return_rate [rate]: returned_control / control
--   recovered [number]: orders credited to a message about one of the carts, none that was cancelled; an order of
--     another currency is in the row of that one
--   recovered_value [money]: their value, less what was refunded or cancelled
--   recovery_rate [rate]: carts with such an order / messaged
--   currency [key]: of the money beside it; empty where neither cart nor order names one
-- Notes: Messaged and unmessaged carts are of different people: who has given an address, say. Treated and control were
--   drawn by lot, so these two can be compared; v_uplift says by customer how sure the difference is. Carts that went
--   into another one when two profiles became one are left out: the other one counts.
CREATE OR REPLACE VIEW v_recovery AS
WITH
    notes AS (SELECT message_id, cart_id FROM messages FINAL WHERE cart_id != ''),
    lots AS
    (
        SELECT cart_id, max(arm = 'treatment') AS treated
        FROM decisions FINAL
        WHERE cart_id != '' AND NOT (outcome = 'cancelled' AND (message_id != '' OR (reason = 'exited' AND control_share IS NULL)))
        GROUP BY cart_id
    ),
    credited AS
    (
        SELECT notes.cart_id AS cart_id, current_conversions.currency AS coin, sum(orders) AS orders, sum(value) AS value
        FROM current_conversions
        INNER JOIN notes ON notes.message_id = recovered_message_id
        GROUP BY cart_id, coin
    ),
    earned AS
    (
        SELECT
            cart_id, groupArray((credited.coin, credited.orders, credited.value)) AS parts,
            argMax(coin, (credited.orders, coin)) AS main, sum(credited.orders) AS net
        FROM credited
        GROUP BY cart_id
    ),
    abandoned AS
    (
        SELECT
            toDate(assumeNotNull(abandoned_at), '{timezone}') AS day,
            fate = 'converted' AS returned, ifNull(carts.value, 0) AS worth,
            if(carts.currency = '', earned.main, carts.currency) AS cart_coin, earned.net > 0 AS won,
            carts.cart_id IN (SELECT cart_id FROM notes) AS told,
            lots.cart_id != '' AS drawn, lots.treated = 1 AS treated,
            -- The cart itself, and what it brought in each currency.
            arrayJoin(arrayConcat(
                [(cart_coin, true, toInt64(0), toDecimal128(0, 6))],
                arrayMap(one -> (if(one.1 = '', cart_coin, one.1), false, toInt64(one.2), one.3), earned.parts)
            )) AS part
        FROM carts
        LEFT ANY JOIN earned ON earned.cart_id = carts.cart_id
        LEFT ANY JOIN lots ON lots.cart_id = carts.cart_id
        WHERE abandonments > 0 AND fate != 'merged'
    ),
    parts AS
    (
        SELECT
            day, part.1 AS coin, countIf(part.2) AS carts, sumIf(worth, part.2) AS left, countIf(part.2 AND told) AS noted,
            countIf(part.2 AND told AND returned) AS with_note, countIf(part.2 AND NOT told AND returned) AS alone,
            countIf(part.2 AND told AND won) AS regained, countIf(part.2 AND drawn AND abandoned.treated) AS treated,
            countIf(part.2 AND drawn AND abandoned.treated AND returned) AS treated_back,
            countIf(part.2 AND drawn AND NOT abandoned.treated) AS control,
            countIf(part.2 AND drawn AND NOT abandoned.treated AND returned) AS control_back,
            sum(part.3) AS orders, sum(part.4) AS money
        FROM abandoned
        GROUP BY day, coin
    )
SELECT
    day,
    sum(carts) AS abandoned,
    sum(left) AS abandoned_value,
    sum(noted) AS messaged,
    sum(with_note) AS returned_messaged,
    returned_messaged / nullIf(messaged, 0) AS messaged_return_rate,
    abandoned - messaged AS unmessaged,
    sum(alone) AS returned_alone,
    returned_alone / nullIf(unmessaged, 0) AS alone_return_rate,
    sum(parts.treated) AS treated,
    sum(treated_back) AS returned_treated,
    returned_treated / nullIf(treated, 0) AS treated_return_rate,
    sum(parts.control) AS control,
    sum(control_back) AS returned_control,
    returned_control / nullIf(control, 0) AS control_return_rate,
    sum(orders) AS recovered,
    sum(money) AS recovered_value,
    sum(regained) / nullIf(messaged, 0) AS recovery_rate,
    coin AS currency
FROM parts
GROUP BY day, currency
ORDER BY day, currency;
