-- Question: By which channels did the customers come who ordered on each day?
-- Grain: a day in the shop's time zone, a path of channels and a currency.
-- Columns:
--   day [key]: the day, in the shop's time zone
--   path [key]: channels of the touches before the order, in order of time, joined by " > "
--   steps [count]: channels in the path
--   orders [count]: orders that came this way, less cancelled ones
--   touches [count]: touches of those orders, repeats in a row included
--   revenue [money]: value of those orders, less refunds; a refund counts on its own day (unit: currency)
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: Touches of the lookback before the order (30 days, unless the campaigns file says else): clicks on messages and
--   ads, contacts on social media and in stores, first pages of visits. Repeats of a channel in a row are one step, as reports of conversion paths show them
--   (Google Analytics: "Direct x 2" is one step): web > web > email is web > email. An order without a touch is
--   direct, as in v_attribution. Of more than 50 touches the first and the last 49 are in the path.
--   Renewals of subscriptions are no purchase, and are left out.
CREATE OR REPLACE VIEW v_journeys_daily AS
SELECT
    day,
    path,
    any(length) AS steps,
    toUInt64(greatest(sum(counted), 0)) AS orders,
    toUInt64(greatest(sum(counted * contacts), 0)) AS touches,
    sum(value) AS revenue,
    currency
FROM
(
    SELECT
        arrayCompact(JSONExtract(current_orders.touches, 'Array(Tuple(channel String))').channel) AS walked,
        if(empty(walked), ['direct'], walked) AS channels,
        arrayStringConcat(channels, ' > ') AS path,
        length(channels) AS length,
        toInt64(touch_count) AS contacts,
        arrayJoin(changes) AS change,
        toDate(change.1, '{timezone}') AS day,
        change.2 AS currency,
        change.3 AS value,
        toInt64(if(current_orders.orders > 0, change.4, 0)) AS counted
    FROM current_orders
    WHERE kind = 'order'
)
GROUP BY day, path, currency
HAVING orders != 0 OR revenue != 0
ORDER BY day, orders DESC, path, currency;
