-- One row a cart: whose it is today (`current_id`), how often it was abandoned, where it ended or stands now (`fate`),
-- and its value, of its latest lines: NULL where these are in several currencies.
-- Fates: open, abandoned, converted, emptied, expired; and `merged`: its profile became part of another one that had a
-- cart of its own at that time, and the two carts became that one.
CREATE OR REPLACE VIEW carts AS
WITH
    -- Carts of profiles that were ever part of a merge or a split.
    (
        SELECT groupArray(number)
        FROM
        (
            SELECT DISTINCT sipHash64(cart_id) AS number
            FROM cart_transitions
            WHERE profile_id IN (SELECT profile_id FROM resolved_profiles UNION ALL SELECT profile_id FROM resolved_splits)
        )
    ) AS moved,
    steps AS
    (
        SELECT
            *,
            sipHash64(cart_id) AS number,
            -- What comes first at one instant: opened, then timers, then what an event causes, the end last.
            toUnixTimestamp64Milli(at) * 4
                + multiIf(from_state = 'none', 0, to_state = 'abandoned', 1, to_state = 'open', 2, 3) AS moment
        FROM cart_transitions FINAL
    )
SELECT
    any(steps.cart_id) AS cart_id,
    argMax(profile_id, moment) AS current_id,
    min(at) AS opened_at,
    max(at) AS last_at,
    toString(argMax(to_state, moment)) AS fate,
    max(stage = 'checkout') AS checkout,
    countIf(to_state = 'abandoned') AS abandonments,
    countIf(from_state = 'abandoned' AND to_state = 'open') AS reopenings,
    minOrNullIf(at, to_state = 'abandoned') AS abandoned_at,
    -- As a tuple: a value that is NULL counts as one.
    (argMaxIf((steps.value, steps.currency), moment, line_count > 0) AS worth).1 AS value,
    toString(worth.2) AS currency
FROM steps
WHERE number NOT IN (SELECT arrayJoin(moved))
GROUP BY number
UNION ALL
SELECT cart_id, current_id, opened_at, last_at, fate, checkout, abandonments, reopenings, abandoned_at, value, currency
FROM moved_carts;
