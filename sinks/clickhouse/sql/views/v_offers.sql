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
    net AS
    (
        SELECT order_id, groupArray((toString(currency), orders, value)) AS parts
        FROM current_conversions
        GROUP BY order_id
    ),
    named AS
    (
        SELECT
            code,
            -- Orders come before carts.
            (NOT ordered, event_time, if(ordered, sold.order_id, coupons.order_id), coupons.profile_id) AS turn,
            ordered,
            coupons.profile_id AS profile_id,
            event_time,
            turn.3 AS order_id
        FROM coupons FINAL
        LEFT ANY JOIN sold ON sold.profile_id = coupons.profile_id AND sold.message_id = coupons.message_id
        WHERE code IN (SELECT upper(offer_code) FROM messages WHERE offer_code != '') AND (NOT ordered OR sold.order_id != '')
        ORDER BY event_time, profile_id
        LIMIT 1 BY code, ordered, order_id
    ),
    redeemed AS
    (
        SELECT
            code,
            argMin(profile_id, turn) AS by_profile,
            argMin(event_time, turn) AS at,
            argMin(named.order_id, turn) AS order_id,
            groupArrayArrayIf(net.parts, ordered) AS changes,
            -- Of each currency what its orders come to.
            arrayMap(
                coin -> (
                    coin, arraySum(one -> one.2, arrayFilter(one -> one.1 = coin, changes)),
                    arraySum(one -> one.3, arrayFilter(one -> one.1 = coin, changes))
                ),
                arrayDistinct(changes.1)
            ) AS earned
        FROM named
        LEFT ANY JOIN net ON net.order_id = named.order_id
        GROUP BY code
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
    money.2 AS orders,
    money.3 AS revenue,
    money.1 AS currency
FROM given
LEFT ANY JOIN redeemed ON redeemed.code = given.code
LEFT ANY JOIN current_profiles AS owner ON owner.profile_id = given.profile_id
LEFT ANY JOIN current_profiles AS buyer ON buyer.profile_id = redeemed.by_profile
ARRAY JOIN if(empty(redeemed.earned), arrayResize(redeemed.earned, 1), redeemed.earned) AS money
ORDER BY first_sent_at, code, currency;
