-- What was done with which device in which hour of which day (in the shop's time zone): v_devices_hours and
-- v_devices_hours_daily are made of it, and of current_activity for the customers. An order is of the device that placed
-- it, as the event of the order tells.
CREATE OR REPLACE VIEW device_hours AS
SELECT
    toDate(event_time, '{timezone}') AS day,
    toUInt8(toHour(event_time, '{timezone}')) AS hour,
    toString(device) AS device,
    toUInt64(sumIf(times, bitTest(did, 2))) AS activity,
    toUInt64(sumIf(times, bitTest(did, 3))) AS engagement,
    toInt64(0) AS orders
FROM counted_events
WHERE bitTest(did, 2) OR bitTest(did, 3)
GROUP BY day, hour, device
UNION ALL
SELECT
    toDate(placed.at, '{timezone}'), toUInt8(toHour(placed.at, '{timezone}')),
    if(made.device = '', 'unknown', toString(made.device)), 0, 0, sum(placed.orders)
FROM
(
    SELECT
        argMinIf(
            (sipHash64(c.profile_id, c.message_id), c.at), (changed_at, c.message_id), kind IN ('order', 'renewal')
        ) AS first,
        first.1 AS told, first.2 AS at, sum(c.orders) AS orders
    FROM current_conversions AS c
    GROUP BY sipHash64(order_id)
    HAVING orders != 0
) AS placed
LEFT ANY JOIN (
    SELECT sipHash64(profile_id, message_id) AS telling, device FROM events PREWHERE name = 'Order Completed'
) AS made ON made.telling = placed.told
GROUP BY 1, 2, 3;
