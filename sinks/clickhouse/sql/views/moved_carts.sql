-- Carts of profiles that were ever part of a merge or a split, as rows of `carts` (which has the others too): of these
-- alone it has to be asked where their customer went, and whether two became one.
CREATE OR REPLACE VIEW moved_carts AS
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
    ),
    ends AS
    (
        SELECT
            cart_id,
            argMin(profile_id, moment) AS first_profile_id,
            argMax((profile_id, to_state), moment) AS latest,
            latest.1 AS last_profile_id,
            latest.2 AS state,
            min(at) AS opened_at,
            max(at) AS last_at,
            state IN ('open', 'abandoned') AS alive,
            toUInt64(countIf(to_state = 'abandoned')) AS abandonments,
            toUInt64(countIf(from_state = 'abandoned' AND to_state = 'open')) AS reopenings,
            minIf(at, to_state = 'abandoned') AS abandoned_at,
            max(stage = 'checkout') AS checkout,
            argMaxIf((value, currency), moment, line_count > 0) AS worth
        FROM steps
        WHERE number IN (SELECT arrayJoin(moved))
        GROUP BY cart_id
    ),
    placed AS
    (
        SELECT
            ends.*,
            multiIf(cuts.to_id != '', cuts.to_id, went.to_id != '', went.to_id, last_profile_id) AS current_id,
            -- Where its last and its first profile went by merges, and when: asked of those alone that went anywhere.
            if(alive AND current_id != last_profile_id, went.steps, []) AS last_steps,
            came.steps AS first_steps
        FROM ends
        LEFT ANY JOIN (SELECT profile_id AS from_id, linked_id AS to_id, path AS steps FROM resolved_profiles FINAL) AS went
            ON went.from_id = ends.last_profile_id
        LEFT ANY JOIN (SELECT profile_id AS from_id, path AS steps FROM resolved_profiles FINAL) AS came
            ON came.from_id = ends.first_profile_id
        LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM split_heads WHERE head = '') AS cuts
            ON cuts.from_id = ends.last_profile_id
    ),
    families AS
    (
        SELECT
            current_id,
            groupArray((
                cart_id, first_profile_id, last_profile_id, opened_at, last_at, alive, state, checkout, abandonments,
                reopenings, abandoned_at, worth.1, worth.2, last_steps, first_steps
            )) AS mine
        FROM placed
        GROUP BY current_id
    ),
    walked AS
    (
        SELECT
            current_id,
            mine,
            -- Where the first profile of each cart was when, itself first.
            arrayMap(cart -> arrayPushFront(cart.15, (cart.2, cart.4)), mine) AS places,
            arrayMap(
                cart -> arrayExists(
                    move -> move.2 >= cart.5 AND arrayExists(
                        (other, seen) -> other.1 != cart.1 AND other.4 <= move.2 AND (other.6 OR other.5 >= move.2)
                            AND arrayExists(place -> place.1 = move.1 AND place.2 <= move.2, seen),
                        mine, places
                    ),
                    cart.14
                ),
                mine
            ) AS swallowed
        FROM families
    )
SELECT
    cart.1 AS cart_id,
    current_id,
    cart.4 AS opened_at,
    cart.5 AS last_at,
    if(gone, 'merged', toString(cart.7)) AS fate,
    cart.8 AS checkout,
    cart.9 AS abandonments,
    cart.10 AS reopenings,
    if(abandonments = 0, NULL, cart.11) AS abandoned_at,
    cart.12 AS value,
    cart.13 AS currency
FROM walked
ARRAY JOIN mine AS cart, swallowed AS gone;
