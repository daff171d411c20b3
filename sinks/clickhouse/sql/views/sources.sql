-- Where carts, orders and money came from, by day (in the shop's time zone), not yet added up: v_sources and v_sources_daily
-- are made of it, and of visit_origins and current_activity for the visitors. A source (`origin`) is a number of `origins`.
-- A cart or an order is of the customer's last source before it, of 30 days at most; one without is direct: 0.
CREATE OR REPLACE VIEW sources AS
WITH
    landings AS
    (
        -- Of visits at one instant that of the last of the sources, in order of their texts.
        SELECT
            person AS visitor, at AS landed,
            toUInt64(bitAnd(max(bitOr(bitShiftLeft(toUInt128(turn), 64), origin)), toUInt128(18446744073709551615))) AS origin
        FROM visit_origins AS v
        GROUP BY visitor, landed
    ),
    happenings AS
    (
        SELECT
            person AS customer, opened_at AS happened,
            [(opened_at, '', toInt64(1), toInt64(0), toDecimal128(0, 6))] AS parts
        FROM cart_openings
        UNION ALL
        -- An order's rows go where it was placed; those of others are refunds of orders that nobody told of.
        SELECT
            argMin(sipHash64(current_id), toUnixTimestamp64Milli(c.at) + if(kind = 'refund', 1000000000000000, 0)),
            if(countIf(kind != 'refund') = 0, min(c.at), minIf(c.at, kind != 'refund')),
            groupArray((c.at, toString(currency), toInt64(0), toInt64(orders), value))
        FROM current_conversions AS c
        GROUP BY sipHash64(order_id)
    )
SELECT
    toDate(part.1, '{timezone}') AS day, found AS origin, part.3 AS carts, part.4 AS orders, part.5 AS revenue, part.2 AS currency
FROM
(
    SELECT if(landed >= happened - INTERVAL 30 DAY, landings.origin, 0) AS found, arrayJoin(parts) AS part
    FROM happenings
    ASOF LEFT JOIN landings ON landings.visitor = happenings.customer AND landings.landed <= happenings.happened
);
