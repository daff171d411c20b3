-- What people did with which device in which hour of which day (in the shop's time zone): v_devices_hours and
-- v_devices_hours_daily are made of it. An order is of the device that placed it, as the event of the order tells.
CREATE OR REPLACE VIEW device_hours AS
WITH
    (
        'Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked', 'Cart Viewed'
    ) AS viewings,
    (
        'Product Added', 'Product Removed', 'Product Added to Wishlist', 'Checkout Started', 'Checkout Step Viewed',
        'Checkout Step Completed', 'Payment Info Entered', 'Coupon Entered', 'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
    ) AS doings,
    (
        'Email Opened', 'Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked', 'Post Liked',
        'Post Shared', 'Post Commented'
    ) AS responses
SELECT
    toDate(event_time, '{timezone}') AS day,
    toUInt8(toHour(event_time, '{timezone}')) AS hour,
    toString(device) AS device,
    channel IN ('web', 'app', 'store', 'marketplace', 'messenger') AND if(
        type IN ('page', 'screen') OR name IN viewings, device != 'machine', name IN doings
    ) AS active,
    type = 'track' AND name IN responses AND NOT machine AND device != 'machine' AS responds,
    countIf(active) AS activity,
    countIf(responds) AS engagement,
    toInt64(0) AS orders,
    uniqExactStateIf(current_id, head_type != '' AND (active OR responds)) AS people
FROM current_events
GROUP BY day, hour, device, active, responds
HAVING active OR responds
UNION ALL
SELECT
    toDate(placed.at, '{timezone}'), toUInt8(toHour(placed.at, '{timezone}')),
    if(made.device = '', 'unknown', toString(made.device)), false, false, 0, 0, sum(placed.orders),
    arrayReduce('uniqExactState', emptyArrayString())
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
