-- Where carts, orders and money came from, by day (in the shop's time zone), not yet added up: v_sources and v_sources_daily
-- are made of it, and of visit_origins and current_activity for the visitors. A source (`origin`) is what a visit names.
-- A cart or an order is of the customer's last source before it, of 30 days at most; one without is direct, with four empty
-- texts.
CREATE OR REPLACE VIEW sources AS
WITH
    landings AS
    (
        SELECT person AS visitor, at AS landed, max(origin) AS origin
        FROM visit_origins
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
            sipHash64(argMin(current_id, (kind = 'refund', c.at))), argMin(c.at, (kind = 'refund', c.at)),
            groupArray((c.at, toString(currency), toInt64(0), toInt64(orders), value))
        FROM current_conversions AS c
        GROUP BY order_id
    )
SELECT
    toDate(part.1, '{timezone}') AS day, found AS origin, part.3 AS carts, part.4 AS orders, part.5 AS revenue, part.2 AS currency
FROM
(
    SELECT if(landed >= happened - INTERVAL 30 DAY, origin, ('', '', '', '')) AS found, arrayJoin(parts) AS part
    FROM happenings
    ASOF LEFT JOIN landings ON landings.visitor = happenings.customer AND landings.landed <= happenings.happened
);
