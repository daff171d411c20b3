-- When each cart was opened, and by which customer of today (by number).
CREATE OR REPLACE VIEW cart_openings AS
SELECT if(later.into = 0, opened.person, later.into) AS person, opened_at
FROM
(
    SELECT
        -- The profile that the cart was of last; what comes first at one instant as in carts.
        argMax(
            sipHash64(profile_id),
            toUnixTimestamp64Milli(at) * 4
                + multiIf(from_state = 'none', 0, to_state = 'abandoned', 1, to_state = 'open', 2, 3)
        ) AS person,
        min(at) AS opened_at
    FROM cart_transitions
    GROUP BY sipHash64(cart_id)
) AS opened
LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM current_profiles) AS later
    ON later.merged = opened.person;
