-- What was done with which device in which hour of which day (in the shop's time zone): v_devices_hours and
-- v_devices_hours_daily are made of it, and of current_activity for the customers. An order is of the device that placed
-- it, as the event of the order tells.
CREATE OR REPLACE VIEW device_hours AS
SELECT
    toDate(event_time, '{timezone}') AS day,
    toUInt8(toHour(event_time, '{timezone}')) AS hour,
    toString(device) AS device,
    countIf(bitTest(did, 2)) AS activity,
    countIf(bitTest(did, 3)) AS engagement,
    toInt64(0) AS orders
FROM current_events
WHERE bitTest(did, 2) OR bitTest(did, 3)
GROUP BY day, hour, device
UNION ALL
SELECT
    toDate(placed.at, '{timezone}'), toUInt8(toHour(placed.at, '{timezone}')),
    if(made.device = '', 'unknown', toString(made.device)), 0, 0, sum(placed.orders)
FROM
(
    SELECT
        argMinIf(c.profile_id, (changed_at, c.message_id), kind IN ('order', 'renewal')) AS profile_id,
        argMinIf(c.message_id, (changed_at, c.message_id), kind IN ('order', 'renewal')) AS message_id,
        argMinIf(c.at, (changed_at, c.message_id), kind IN ('order', 'renewal')) AS at,
        sum(c.orders) AS orders
    FROM current_conversions AS c
    GROUP BY order_id
    HAVING orders != 0
) AS placed
LEFT ANY JOIN (
    SELECT profile_id, message_id, device FROM events WHERE name = 'Order Completed'
) AS made ON made.profile_id = placed.profile_id AND made.message_id = placed.message_id
GROUP BY 1, 2, 3;
