-- One row a cart: whose it is today (`current_id`), how often it was abandoned, where it ended or stands now (`fate`),
-- and its value, of its latest lines: NULL where these are in several currencies.
-- Fates: open, abandoned, converted, emptied, expired; and `merged`: its profile became part of another one that had a
-- cart of its own at that time, and the two carts became that one.
CREATE OR REPLACE VIEW carts AS
WITH
    linked AS (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles),
    cuts AS (SELECT profile_id AS from_id, current_id AS to_id FROM split_heads WHERE head = ''),
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
        FROM
        (
            SELECT
                *,
                -- What comes first at one instant: opened, then timers, then what an event causes, the end last.
                toUnixTimestamp64Milli(at) * 4
                    + multiIf(from_state = 'none', 0, to_state = 'abandoned', 1, to_state = 'open', 2, 3) AS moment
            FROM cart_transitions FINAL
        )
        GROUP BY cart_id
    ),
    placed AS
    (
        SELECT
            ends.*,
            multiIf(cuts.to_id != '', cuts.to_id, linked.to_id != '', linked.to_id, last_profile_id) AS current_id,
            current_id != last_profile_id AS moved
        FROM ends
        LEFT ANY JOIN linked ON linked.from_id = ends.last_profile_id
        LEFT ANY JOIN cuts ON cuts.from_id = ends.last_profile_id
    ),
    -- Merges of customers who have a cart that nothing has ended, under a profile that was merged: (from, to, when).
    steps AS
    (
        SELECT customer, groupArray((merged, into, at)) AS edges
        FROM
        (
            SELECT
                profile_id AS merged,
                multiIf(cuts.to_id != '', cuts.to_id, linked_id != '', linked_id, profile_id) AS customer,
                path[1].1 AS into,
                path[1].2 AS at
            FROM (SELECT profile_id, linked_id, path FROM resolved_profiles FINAL WHERE notEmpty(path)) AS found
            LEFT ANY JOIN cuts ON cuts.from_id = found.profile_id
            WHERE customer IN (SELECT current_id FROM placed WHERE alive AND moved)
        )
        GROUP BY customer
    ),
    families AS
    (
        SELECT
            current_id,
            groupArray((
                cart_id, first_profile_id, last_profile_id, opened_at, last_at, alive, state, checkout, abandonments,
                reopenings, abandoned_at, worth.1, worth.2
            )) AS mine
        FROM placed
        GROUP BY current_id
    ),
    walked AS
    (
        SELECT
            current_id,
            mine,
            mapFromArrays(edges.1, edges.2) AS into,
            mapFromArrays(edges.1, edges.3) AS at,
            -- Where a profile went by merges, and when, the profile itself first: only where it is asked.
            arrayMap(
                cart -> arrayFold(
                    (path, hop) -> if(
                        mapContains(into, path[-1].1), arrayPushBack(path, (into[path[-1].1], at[path[-1].1])), path
                    ),
                    range(if(length(mine) > 1, length(edges), 0)),
                    [(cart.2, cart.4)]
                ),
                mine
            ) AS places,
            arrayMap(
                cart -> arrayFold(
                    (path, hop) -> if(
                        mapContains(into, path[-1].1), arrayPushBack(path, (into[path[-1].1], at[path[-1].1])), path
                    ),
                    range(if(length(mine) > 1 AND cart.6, length(edges), 0)),
                    [(cart.3, cart.5)]
                ),
                mine
            ) AS moves,
            arrayMap(
                (cart, path) -> cart.6 AND arrayExists(
                    move -> move.2 >= cart.5 AND arrayExists(
                        (other, seen) -> other.1 != cart.1 AND other.4 <= move.2 AND (other.6 OR other.5 >= move.2)
                            AND arrayExists(place -> place.1 = move.1 AND place.2 <= move.2, seen),
                        mine, places
                    ),
                    arrayPopFront(path)
                ),
                mine, moves
            ) AS swallowed
        FROM families
        LEFT ANY JOIN steps ON steps.customer = families.current_id
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
