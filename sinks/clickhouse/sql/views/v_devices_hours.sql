-- Question: With which devices and at which hours are customers active, do they engage, and do they buy?
-- Grain: a device and an hour; over the days from `from` to `to`, both included, in
--   the shop's time zone.
-- Columns:
--   device [key, one_of desktop|mobile|tablet|tv|machine|unknown]: kind of device, by what the event says of device, system
--     and user agent; machine: a crawler, a scanner and the like
--   hour [key, count]: the hour of the day, 0 to 23, in the shop's time zone
--   activity [count]: pages, screens, searches, products, carts, checkouts and coupons on the channels of the shop; what a
--     machine looks at is none
--   engagement [count]: opens, clicks and taps of messages, clicks on adverts, likes, shares and comments, by people
--   orders [count]: orders placed with the device in that hour; none that was cancelled
--   customers [count]: customers of today with activity or engagement
CREATE OR REPLACE VIEW v_devices_hours AS
SELECT
    device,
    hour,
    sum(parts.activity) AS activity,
    sum(parts.engagement) AS engagement,
    sum(parts.orders) AS orders,
    sum(parts.customers) AS customers
FROM
(
    SELECT
        device, hour, sum(device_hours.activity) AS activity, sum(device_hours.engagement) AS engagement,
        sum(device_hours.orders) AS orders, 0 AS customers
    FROM device_hours
    WHERE day BETWEEN {from:Date} AND {to:Date}
    GROUP BY device, hour
    UNION ALL
    SELECT device, toUInt8(number - 1) AS hour, 0, 0, 0, customers
    FROM
    (
        SELECT device, sumForEach(arrayMap(at -> toUInt64(bitTest(hours, at)), range(24))) AS by_hour
        FROM
        (
            -- The hours of a customer on a device, a bit each.
            SELECT
                any(toString(a.device)) AS device,
                groupBitOr(bitShiftLeft(toUInt32(1), toHour(quarter, '{timezone}'))) AS hours
            FROM current_activity AS a
            WHERE (bitTest(did, 2) OR bitTest(did, 3))
                AND toDate(quarter, '{timezone}') BETWEEN {from:Date} AND {to:Date}
            GROUP BY bitXor(person, sipHash64(a.device))
        )
        GROUP BY device
    )
    ARRAY JOIN by_hour AS customers, arrayEnumerate(by_hour) AS number
    WHERE customers > 0
) AS parts
GROUP BY device, hour
ORDER BY device, hour;
