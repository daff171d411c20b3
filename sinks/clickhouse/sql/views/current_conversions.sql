-- Orders and what has changed of them since, with the profile they belong to today (`current_id`). An order_id is the
-- shop's: of an order that several profiles have reported only the rows of one are here, of the profile that it counts
-- in; where that one has been erased, of the one that is known best (user_id, e-mail, phone, external ids, devices), of
-- equals the one that told of it first. Refunds that count are here wherever they were told. Sums of `orders` and
-- `value` are what orders come to.
CREATE OR REPLACE VIEW current_conversions AS
WITH
    known AS
    (
        SELECT conversions.*, if(merged.current_id = '', conversions.profile_id, merged.current_id) AS current_id
        FROM conversions FINAL
        LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = conversions.profile_id
    ),
    strengths AS
    (
        SELECT profile_id, min(transform(
            identifier_type,
            ['user_id', 'email', 'phone', 'device_id', 'advertising_id', 'push_token', 'anonymous_id', 'order_id', 'checkout_id', 'cart_id'],
            [1, 2, 3, 5, 6, 7, 8, 9, 9, 9], 4
        )) AS strength
        FROM identifiers FINAL
        WHERE profile_id != ''
        GROUP BY profile_id
    ),
    told AS
    (
        SELECT
            order_id, known.profile_id AS profile_id, sumIf(orders, counts) > 0 AS has, min(at) AS since,
            min(if(strengths.strength = 0, 9, strengths.strength)) AS strength
        FROM known
        LEFT ANY JOIN strengths ON strengths.profile_id = known.current_id
        WHERE kind IN ('order', 'renewal', 'cancellation', 'reassigned')
        GROUP BY order_id, profile_id
    ),
    chosen AS
    (
        SELECT
            order_id AS named, argMin(profile_id, (NOT has, strength, since, profile_id)) AS owner, max(has) AS counted
        FROM told
        GROUP BY named
    )
SELECT known.*
FROM known
LEFT ANY JOIN chosen ON named = known.order_id
WHERE
    -- A refund that was told before another profile had the order, or of an order that its own profile does not know.
    owner = '' OR (kind = 'refund' AND counts AND counted = 1) OR (credits = '{}' AND counts)
    OR (known.profile_id = owner AND (if(counted = 1, counts, kind != 'reassigned')));
