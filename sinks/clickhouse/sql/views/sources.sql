-- Where visitors, carts, orders and money came from, by day (in the shop's time zone), not yet added up: v_sources and
-- v_sources_daily are made of it. A source is what a visit names (utm source, medium, campaign, host of the referrer).
-- A cart or an order is of the customer's last source before it, of 30 days at most; one without is direct, with four empty
-- texts. The shop's own hosts, payment services and the like are no referrers.
CREATE OR REPLACE VIEW sources AS
WITH
    ['Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked', 'Cart Viewed'] AS viewings,
    [
        'Product Added', 'Product Removed', 'Product Added to Wishlist', 'Checkout Started', 'Checkout Step Viewed',
        'Checkout Step Completed', 'Payment Info Entered', 'Coupon Entered', 'Coupon Applied', 'Coupon Denied', 'Coupon Removed'
    ] AS doings,
    ['direct', 'none', 'not set', '$direct'] AS nowhere,
    ('', '', '', '') AS direct,
    visits AS
    (
        SELECT
            current_id, event_time,
            if(has(nowhere, trim(BOTH '() ' FROM lower(utm_source))) OR lengthUTF8(utm_source) > 2000, '', utm_source) AS source,
            if(has(nowhere, trim(BOTH '() ' FROM lower(utm_medium))) OR lengthUTF8(utm_medium) > 2000, '', utm_medium) AS medium,
            if(has(nowhere, trim(BOTH '() ' FROM lower(utm_campaign))) OR lengthUTF8(utm_campaign) > 2000, '', utm_campaign) AS campaign,
            splitByChar('.', referrer) AS labels,
            if(
                channel != 'web' OR referrer = '' OR referrer = host
                    OR cutToFirstSignificantSubdomain(referrer) = cutToFirstSignificantSubdomain(host) AND cutToFirstSignificantSubdomain(host) != ''
                    OR hasAny(
                        arrayMap(at -> arrayStringConcat(arraySlice(labels, at), '.'), arrayEnumerate(labels)), [{no_referrers}]
                    )
                    OR hasAny(arraySlice(labels, 1, greatest(length(labels) - 2, 0)), [{no_referrer_labels}]),
                '', referrer
            ) AS came_from,
            if(source = '' AND medium = '', ('', '', '', came_from), (source, medium, campaign, came_from)) AS named
        FROM current_events
        WHERE channel IN ('web', 'app', 'store', 'marketplace', 'messenger') AND notEmpty(identifiers)
            AND if(type IN ('page', 'screen') OR has(viewings, name), device != 'machine', has(doings, name))
    ),
    landings AS
    (
        SELECT current_id AS visitor, event_time AS landed, max(named) AS origin
        FROM visits
        WHERE named != direct
        GROUP BY visitor, landed
    ),
    moments AS
    (
        -- An order's rows go where it was placed; those of others are refunds of orders that nobody told of.
        SELECT
            order_id, argMin(current_id, (kind = 'refund', at)) AS buyer, argMin(current_conversions.at, (kind = 'refund', at)) AS placed,
            groupArray((at, currency, toInt64(orders), value)) AS parts
        FROM current_conversions
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
SELECT
    toDate(opened_at, '{timezone}'), if(landed >= opened_at - INTERVAL 30 DAY, origin, direct), NULL, 1, 0, toDecimal128(0, 6), ''
FROM (SELECT current_id, opened_at FROM carts) AS filled
ASOF LEFT JOIN landings ON landings.visitor = filled.current_id AND landings.landed <= filled.opened_at
UNION ALL
SELECT
    toDate(part.1, '{timezone}'), found, NULL, 0, part.3, part.4, part.2
FROM
(
    SELECT if(landed >= placed - INTERVAL 30 DAY, origin, direct) AS found, arrayJoin(parts) AS part
    FROM moments
    ASOF LEFT JOIN landings ON landings.visitor = moments.buyer AND landings.landed <= moments.placed
);
