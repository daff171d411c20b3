-- Question: With which devices and at which hours of each day are customers active, do they engage, and do they buy?
-- Grain: a day in the shop's time zone, a device and an hour.
-- Columns:
--   day [key]: the day
--   device [key, one_of desktop|mobile|tablet|tv|machine|unknown]: kind of device, by what the event says of device, system
--     and user agent; machine: a crawler, a scanner and the like
--   hour [key, count]: the hour of the day, 0 to 23, in the shop's time zone
--   activity [count]: pages, screens, searches, products, carts, checkouts and coupons on the channels of the shop; what a
--     machine looks at is none
--   engagement [count]: opens, clicks and taps of messages, clicks on adverts, likes, shares and comments, by people
--   orders [count]: orders placed with the device in that hour; none that was cancelled
--   customers [count]: customers of today with activity or engagement
CREATE OR REPLACE VIEW v_devices_hours_daily AS
SELECT
    day,
    device,
    hour,
    sum(parts.activity) AS activity,
    sum(parts.engagement) AS engagement,
    sum(parts.orders) AS orders,
    sum(parts.customers) AS customers
FROM
(
    SELECT
        day, device, hour, sum(device_hours.activity) AS activity, sum(device_hours.engagement) AS engagement,
        sum(device_hours.orders) AS orders, 0 AS customers
    FROM device_hours
    GROUP BY day, device, hour
    UNION ALL
    SELECT
        toDate(quarter, '{timezone}') AS day, toString(device) AS device, toUInt8(toHour(quarter, '{timezone}')) AS hour, 0, 0, 0, uniqExact(person)
    FROM current_activity
    WHERE (bitTest(did, 2) OR bitTest(did, 3))
    GROUP BY day, device, hour
) AS parts
GROUP BY day, device, hour
ORDER BY day, device, hour;
