-- One row an order: whose it is today, when and where it was placed, what it comes to, and what has changed of it.
-- `orders` is 1 for an order that stands and 0 for a cancelled one; `order_no` counts the standing orders of a customer
-- by their time (of the same time by order_id): 1 is the first one that is known, 0 an order that does not stand.
-- An order that was paid after a payment had failed was placed when it was paid. Of an order of which only refunds are
-- known `kind` is empty. `changes` are (at, currency, value, orders): each row of it, at the time at which it counts.
CREATE OR REPLACE VIEW current_orders AS
SELECT
    order_id,
    latest.1 AS current_id,
    latest.2 AS kind,
    latest.3 AS ordered_at,
    latest.4 AS channel,
    latest.5 AS touch_count,
    touches,
    orders,
    if(
        orders > 0, row_number() OVER (PARTITION BY current_id, orders > 0 ORDER BY ordered_at, order_id), 0
    ) AS order_no,
    minIf(ordered_at, orders > 0) OVER (PARTITION BY current_id) AS first_ordered_at,
    changes
FROM
(
    SELECT
        number AS order_id,
        -- What another profile was told of an order is of the customer who placed it.
        argMax((customer, if(placed, how, ''), moment, place, contact_count), turn) AS latest,
        argMax(contacts, turn) AS touches,
        toUInt8(sum(change) > 0) AS orders,
        groupArray((moment, coin, money, change)) AS changes
    FROM
    (
        SELECT
            order_id AS number, current_conversions.current_id AS customer, toString(current_conversions.kind) AS how,
            at AS moment, toString(current_conversions.channel) AS place, current_conversions.touches AS contacts,
            current_conversions.touch_count AS contact_count, value AS money, toString(currency) AS coin,
            current_conversions.orders AS change, how IN ('order', 'renewal') AS placed,
            (placed, at, changed_at, message_id, customer) AS turn
        FROM current_conversions
    )
    GROUP BY number
);
