-- Orders and what has changed of them since, with the profile they belong to today (`current_id`). An order_id is the
-- shop's: of an order that several profiles have reported only the rows of one are here, of the profile that it counts
-- in; where that one has been erased, of the one that is known best (user_id, e-mail, phone, external ids, devices), of
-- equals the one that told of it first. Refunds that count are here wherever they were told. Sums of `orders` and
-- `value` are what orders come to.
CREATE OR REPLACE VIEW current_conversions AS
WITH
    known AS
    (
        SELECT
            conversions.*,
            multiIf(cut.to_id != '', cut.to_id, later.to_id != '', later.to_id, profile_id) AS current_id
        FROM conversions FINAL
        LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles) AS later
            ON later.from_id = conversions.profile_id
        LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM split_heads WHERE head = '') AS cut
            ON cut.from_id = conversions.profile_id
    ),
    told AS
    (
        SELECT
            order_id AS named,
            groupArray((profile_id, customer, has, since)) AS tellers,
            max(has) AS counted
        FROM
        (
            SELECT
                order_id, profile_id, any(current_id) AS customer, sumIf(orders, counts) > 0 AS has, min(at) AS since
            FROM known
            WHERE kind IN ('order', 'renewal', 'cancellation', 'reassigned')
            GROUP BY order_id, profile_id
        )
        GROUP BY named
    ),
    strengths AS
    (
        SELECT profile_id, min(transform(
            identifier_type,
            ['user_id', 'email', 'phone', 'device_id', 'advertising_id', 'push_token', 'anonymous_id', 'order_id', 'checkout_id', 'cart_id'],
            [1, 2, 3, 5, 6, 7, 8, 9, 9, 9], 4
        )) AS strength
        FROM identifiers FINAL
        WHERE profile_id IN (SELECT arrayJoin(tellers).2 FROM told WHERE length(tellers) > 1)
        GROUP BY profile_id
    ),
    chosen AS
    (
        SELECT named, tellers[1].1 AS owner, counted FROM told WHERE length(tellers) = 1
        UNION ALL
        -- Orders that several profiles have reported are few.
        SELECT
            named,
            argMin(
                teller.1, (NOT teller.3, if(strengths.strength = 0, 9, strengths.strength), teller.4, teller.1)
            ) AS owner,
            max(teller.3) AS counted
        FROM (SELECT named, arrayJoin(tellers) AS teller FROM told WHERE length(tellers) > 1) AS rivals
        LEFT ANY JOIN strengths ON strengths.profile_id = rivals.teller.2
        GROUP BY named
    )
SELECT known.*
FROM known
LEFT ANY JOIN chosen ON named = known.order_id
WHERE
    -- A refund that was told before another profile had the order, or of an order that its own profile does not know.
    owner = '' OR (kind = 'refund' AND counts AND counted = 1) OR (credits = '{}' AND counts)
    OR (known.profile_id = owner AND (if(counted = 1, counts, kind != 'reassigned')));
