-- Where visitors, carts, orders and money came from, by day (in the shop's time zone), not yet added up: v_sources and
-- v_sources_daily are made of it. A source is what a visit names (utm source, medium, campaign, host of the referrer).
-- A cart or an order is of the customer's last source before it, of 30 days at most; one without is direct, with four empty
-- texts. The shop's own hosts, payment services and the like are no referrers.
CREATE OR REPLACE VIEW sources AS
WITH
    ('Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked', 'Cart Viewed') AS viewings,
    (
        'Product Added', 'Product Removed', 'Product Added to Wishlist', 'Checkout Started', 'Checkout Step Viewed',
        'Checkout Step Completed', 'Payment Info Entered', 'Coupon Entered', 'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
    ) AS doings,
    ('direct', 'none', 'not set', '$direct') AS nowhere,
    ('', '', '', '') AS direct,
    outside AS
    (
        SELECT referrer, host
        FROM
        (
            SELECT
                referrer, host, splitByChar('.', toString(referrer)) AS labels,
                cutToFirstSignificantSubdomain(toString(host)) AS site
            FROM events
            WHERE referrer != ''
            GROUP BY referrer, host
        )
        WHERE referrer != host AND (site = '' OR cutToFirstSignificantSubdomain(toString(referrer)) != site)
            AND NOT hasAny(
                arrayMap(at -> arrayStringConcat(arraySlice(labels, at), '.'), arrayEnumerate(labels)), [{no_referrers}]
            )
            AND NOT hasAny(arraySlice(labels, 1, greatest(length(labels) - 2, 0)), [{no_referrer_labels}])
    ),
    visits AS
    (
        SELECT
            current_id, event_time,
            if(trim(BOTH '() ' FROM lower(utm_source)) IN nowhere OR lengthUTF8(utm_source) > 2000, '', toString(utm_source)) AS source,
            if(trim(BOTH '() ' FROM lower(utm_medium)) IN nowhere OR lengthUTF8(utm_medium) > 2000, '', toString(utm_medium)) AS medium,
            if(trim(BOTH '() ' FROM lower(utm_campaign)) IN nowhere OR lengthUTF8(utm_campaign) > 2000, '', toString(utm_campaign)) AS campaign,
            if(channel = 'web' AND referrer != '' AND (referrer, host) IN (SELECT referrer, host FROM outside), toString(referrer), '') AS came_from,
            if(source = '' AND medium = '', ('', '', '', came_from), (source, medium, campaign, came_from)) AS named
        FROM current_events
        WHERE channel IN ('web', 'app', 'store', 'marketplace', 'messenger') AND head_type != ''
            AND if(type IN ('page', 'screen') OR name IN viewings, device != 'machine', name IN doings)
    ),
    landings AS
    (
        SELECT current_id AS visitor, event_time AS landed, max(named) AS origin
        FROM visits
        WHERE named != direct
        GROUP BY visitor, landed
    ),
    happenings AS
    (
        SELECT
            current_id AS customer, opened_at AS happened,
            [(opened_at, '', toInt64(1), toInt64(0), toDecimal128(0, 6))] AS parts
        FROM carts
        UNION ALL
        -- An order's rows go where it was placed; those of others are refunds of orders that nobody told of.
        SELECT
            argMin(current_id, (kind = 'refund', c.at)), argMin(c.at, (kind = 'refund', c.at)),
            groupArray((c.at, toString(currency), toInt64(0), toInt64(orders), value))
        FROM current_conversions AS c
        GROUP BY order_id
    )
SELECT
    day, origin, toNullable(current_id) AS visitor, toInt64(0) AS carts, toInt64(0) AS orders, toDecimal128(0, 6) AS revenue, '' AS currency
FROM
(
    SELECT
        toDate(event_time, '{timezone}') AS day, current_id,
        groupUniqArrayIf(named, named != direct) AS known, arrayJoin(if(empty(known), [direct], known)) AS origin
    FROM visits
    GROUP BY day, current_id
)
UNION ALL
SELECT toDate(part.1, '{timezone}'), found, NULL, part.3, part.4, part.5, part.2
FROM
(
    SELECT if(landed >= happened - INTERVAL 30 DAY, origin, direct) AS found, arrayJoin(parts) AS part
    FROM happenings
    ASOF LEFT JOIN landings ON landings.visitor = happenings.customer AND landings.landed <= happenings.happened
);
