-- Orders and what has changed of them since, with the profile they belong to today (`current_id`). An order_id is the
-- shop's: of an order that several customers have reported only the rows of one are here, of the customer that it counts
-- for, at all profiles that were merged into that one since: a cancellation is told where the customer is by then. Where
-- that one has been erased they are of a profile of the customer who is known best (user_id, e-mail, phone, external ids,
-- devices), of equals of the one who told of it first. Refunds that count are here wherever they were told. Sums of
-- `orders` and `value` are what orders come to.
-- Nearly all orders were told of by one profile alone, and nothing was taken from it: all their rows are here as they are.
-- Only the others are compared.
CREATE OR REPLACE VIEW current_conversions AS
WITH
    (
        SELECT groupArray(order_id)
        FROM
        (
            SELECT order_id
            FROM conversions
            GROUP BY order_id
            HAVING min(profile_id) != max(profile_id) OR NOT min(counts) OR max(kind = 'reassigned')
        )
    ) AS compared,
    told AS
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
    known AS (SELECT * FROM told WHERE order_id IN (SELECT arrayJoin(compared))),
    -- Orders that several profiles have reported are few: whoever may be asked how well they are known.
    rivals AS
    (
        SELECT DISTINCT profile_id AS rival
        FROM conversions
        WHERE order_id IN (
            SELECT order_id
            FROM conversions
            WHERE kind IN ('order', 'renewal', 'cancellation', 'reassigned') AND order_id IN (SELECT arrayJoin(compared))
            GROUP BY order_id
            HAVING min(profile_id) != max(profile_id)
        )
    ),
    strengths AS
    (
        SELECT profile_id AS holder, min(transform(
            identifier_type,
            ['user_id', 'email', 'phone', 'device_id', 'advertising_id', 'push_token', 'anonymous_id', 'order_id', 'checkout_id', 'cart_id'],
            [1, 2, 3, 5, 6, 7, 8, 9, 9, 9], 4
        )) AS strength
        FROM identifiers FINAL
        WHERE profile_id IN (
            SELECT rival FROM rivals
            UNION ALL
            SELECT current_id FROM current_profiles WHERE profile_id IN (SELECT rival FROM rivals)
            UNION ALL
            SELECT current_id FROM split_heads WHERE profile_id IN (SELECT rival FROM rivals)
        )
        GROUP BY holder
    ),
    chosen AS
    (
        SELECT
            named,
            argMin(
                (customer, profile, cancelled),
                (NOT has, NOT cancelled, if(strengths.strength = 0, 9, strengths.strength), since, profile)
            ) AS owner,
            max(has) AS counted
        FROM
        (
            SELECT
                order_id AS named, current_id AS customer, argMin(profile_id, (at, changed_at, profile_id)) AS profile,
                sumIf(orders, counts) > 0 AS has, countIf(counts AND kind = 'cancellation') > 0 AS cancelled,
                min(at) AS since
            FROM known
            WHERE kind IN ('order', 'renewal', 'cancellation', 'reassigned')
            GROUP BY named, customer
        ) AS tellers
        LEFT ANY JOIN strengths ON strengths.holder = tellers.customer
        GROUP BY named
    )
SELECT *
FROM told
WHERE order_id NOT IN (SELECT arrayJoin(compared))
UNION ALL
SELECT known.*
FROM known
LEFT ANY JOIN chosen ON named = known.order_id
WHERE
    -- A refund that was told before another customer had the order, or of an order that its own profile does not know.
    owner.1 = '' OR (kind = 'refund' AND counts AND counted = 1) OR (credits = '{}' AND counts)
    -- Of an order that counts, or did until it was cancelled, what counts; else what is left of one of its profiles.
    OR (
        known.current_id = owner.1
        AND if(counted = 1 OR owner.3, counts, kind != 'reassigned' AND known.profile_id = owner.2)
    )
-- What came in again after its customer was merged stands under both profiles, and is told once. A sale that was moved
-- from one to the other is a row at each, and one that takes it back: these add up.
ORDER BY known.profile_id != known.current_id, known.profile_id
LIMIT 1 BY
    current_id, order_id, changed_at, message_id,
    if(order_id IN (SELECT order_id FROM conversions WHERE kind = 'reassigned'), profile_id, '');
