-- Question: Which codes were given away, and what became of them?
-- Grain: a code, and a currency of the orders that named it.
-- Columns:
--   day [not_null]: the day the code was issued, in the shop's time zone: that of the first message with it
--   code [key]: as the customer sees it, in capitals; one a profile and campaign, the same in each of its messages
--   campaign_id [not_null]: whose campaign it is of
--   profile_id [not_null]: whose it is (profile of today)
--   discount: what it is worth, as the campaigns file says it
--   first_sent_at [not_null]: the first message with it (UTC)
--   last_sent_at [not_null]: the last message with it (UTC)
--   expires_at: until when it is valid (UTC); NULL: for ever
--   times_sent [count]: messages with it
--   redeemed [not_null]: whether an order or a cart has named it (upper and lower case are the same): Order Completed with
--     `coupon` or `coupons`, or a product with `coupon`; Coupon Applied with `coupon_id`, `coupon_name`, `coupon` or `code`
--   redeemed_at: when the first such order, else the first such cart, named it (UTC); NULL where none has
--   order_id [not_null]: that order; empty: none that is known
--   redeemed_by [not_null]: whose order or cart that was (profile of today), which need not be whose code it is; else empty
--   orders [count]: how many orders have named it; none that was cancelled
--   revenue [money]: their value, less what was refunded or cancelled (unit: currency)
--   currency [key]: of the orders and the money beside it; empty where there are none, or they name none
-- Notes: Codes of a month: `WHERE day BETWEEN '2026-10-01' AND '2026-10-31'`, with all that has become of them since.
CREATE OR REPLACE VIEW v_offers AS
WITH
    given AS
    (
        SELECT
            upper(offer_code) AS code,
            argMin(campaign_id, (decided_at, message_id)) AS campaign_id,
            argMax(profile_id, (decided_at, message_id)) AS profile_id,
            argMax(offer_discount, (decided_at, message_id)) AS discount,
            min(decided_at) AS first_sent_at,
            max(decided_at) AS last_sent_at,
            max(offer_expires_at) AS expires_at,
            count() AS times_sent
        FROM messages FINAL
        WHERE offer_code != ''
        GROUP BY code
    ),
    sold AS
    (
        -- Repeats of an order have no row of their own.
        SELECT profile_id, message_id, argMin(order_id, changed_at) AS order_id
        FROM current_conversions
        WHERE kind IN ('order', 'renewal')
        GROUP BY profile_id, message_id
    ),
    named AS
    (
        SELECT
            arrayJoin(arrayDistinct(arrayMap(one -> upper(trimBoth(one)), arrayConcat(
                JSONExtract(properties, 'coupons', 'Array(String)'),
                arrayMap(one -> JSONExtractString(one, 'coupon'), JSONExtractArrayRaw(properties, 'products')),
                [
                    JSONExtractString(properties, 'coupon'), JSONExtractString(properties, 'coupon_id'),
                    JSONExtractString(properties, 'coupon_name'), JSONExtractString(properties, 'code')
                ]
            )))) AS code,
            -- Orders come before carts.
            (name != 'Order Completed', event_time, order_id, events.profile_id) AS turn,
            name = 'Order Completed' AS ordered,
            events.profile_id AS profile_id,
            event_time,
            if(ordered, sold.order_id, JSONExtractString(properties, 'order_id')) AS order_id
        FROM events FINAL
        LEFT ANY JOIN sold ON sold.profile_id = events.profile_id AND sold.message_id = events.message_id
        WHERE type = 'track' AND (name = 'Coupon Applied' OR (name = 'Order Completed' AND sold.order_id != ''))
        ORDER BY event_time, profile_id
        LIMIT 1 BY code, ordered, order_id
    ),
    redeemed AS
    (
        SELECT
            code,
            argMin(profile_id, turn) AS by_profile,
            argMin(event_time, turn) AS at,
            argMin(order_id, turn) AS order_id
        FROM named
        WHERE code != ''
        GROUP BY code
    ),
    earned AS
    (
        SELECT code, currency, sum(net.orders) AS orders, sum(net.revenue) AS revenue
        FROM named
        INNER JOIN
        (
            SELECT order_id, currency, sum(orders) AS orders, sum(value) AS revenue
            FROM current_conversions
            GROUP BY order_id, currency
        ) AS net ON net.order_id = named.order_id
        WHERE code != '' AND ordered
        GROUP BY code, currency
    )
SELECT
    toDate(first_sent_at, '{timezone}') AS day,
    given.code AS code,
    given.campaign_id AS campaign_id,
    if(owner.current_id = '', given.profile_id, owner.current_id) AS profile_id,
    discount,
    first_sent_at,
    last_sent_at,
    expires_at,
    times_sent,
    redeemed.code != '' AS redeemed,
    if(redeemed.code = '', NULL, redeemed.at) AS redeemed_at,
    redeemed.order_id AS order_id,
    if(buyer.current_id = '', redeemed.by_profile, buyer.current_id) AS redeemed_by,
    earned.orders AS orders,
    earned.revenue AS revenue,
    earned.currency AS currency
FROM given
LEFT ANY JOIN redeemed ON redeemed.code = given.code
LEFT JOIN earned ON earned.code = given.code
LEFT ANY JOIN current_profiles AS owner ON owner.profile_id = given.profile_id
LEFT ANY JOIN current_profiles AS buyer ON buyer.profile_id = redeemed.by_profile
ORDER BY first_sent_at, code, currency;
