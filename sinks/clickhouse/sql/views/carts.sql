-- One row a cart: whose it is today (`current_id`), how often it was abandoned, where it ended or stands now (`fate`),
-- and its value, of its latest lines: NULL where these are in several currencies.
-- Fates: open, abandoned, converted, emptied, expired; and `merged`: its profile became part of another one that had a
-- cart of its own at that time, and the two carts became that one.
CREATE OR REPLACE VIEW carts AS
WITH
    transitions AS
    (
        SELECT
            *,
            -- What comes first at one instant: opened, then timers, then what an event causes, the end last.
            (at, multiIf(from_state = 'none', 0, to_state = 'abandoned', 1, to_state = 'open', 2, 3)) AS moment
        FROM cart_transitions FINAL
    ),
    ends AS
    (
        SELECT
            cart_id,
            argMin(profile_id, moment) AS first_profile_id,
            argMax(profile_id, moment) AS last_profile_id,
            min(at) AS opened_at,
            max(at) AS last_at,
            argMax(to_state, moment) AS state,
            state IN ('open', 'abandoned') AS alive,
            countIf(to_state = 'abandoned') AS abandonments,
            countIf(from_state = 'abandoned' AND to_state = 'open') AS reopenings,
            minIf(at, to_state = 'abandoned') AS abandoned_at,
            max(stage = 'checkout') AS checkout,
            -- As a tuple, for argMax passes over NULL.
            argMaxIf(tuple(value), moment, line_count > 0).1 AS value,
            argMaxIf(currency, moment, line_count > 0) AS currency
        FROM transitions
        GROUP BY cart_id
    ),
    places AS
    (
        SELECT cart_id, first_profile_id AS place, opened_at AS since FROM ends
        UNION ALL
        SELECT cart_id, reached_id AS place, at AS since FROM ends INNER JOIN merge_paths ON profile_id = first_profile_id
    ),
    moves AS
    (
        SELECT cart_id, reached_id AS place, at
        FROM ends INNER JOIN merge_paths ON profile_id = last_profile_id
        WHERE alive AND at >= last_at
    ),
    swallowed AS
    (
        SELECT DISTINCT moves.cart_id AS cart_id
        FROM moves
        INNER JOIN places ON places.place = moves.place
        INNER JOIN ends AS other ON other.cart_id = places.cart_id
        WHERE other.cart_id != moves.cart_id AND places.since <= moves.at AND other.opened_at <= moves.at
            AND (other.alive OR other.last_at >= moves.at)
    )
SELECT
    ends.cart_id AS cart_id,
    if(merged.current_id = '', last_profile_id, merged.current_id) AS current_id,
    opened_at,
    last_at,
    if(ends.cart_id IN (SELECT cart_id FROM swallowed), 'merged', state) AS fate,
    checkout,
    abandonments,
    reopenings,
    if(abandonments = 0, NULL, abandoned_at) AS abandoned_at,
    value,
    currency
FROM ends
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = last_profile_id;
