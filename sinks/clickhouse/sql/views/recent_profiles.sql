-- Where profiles went by merges that are not settled yet, however many one after the other: one row a profile.
CREATE OR REPLACE VIEW recent_profiles AS
WITH RECURSIVE
    merges AS
    (
        SELECT merged_profile_id AS merged, argMax(into_profile_id, version) AS target
        FROM profile_merges
        WHERE settled = 0 AND refused = '' AND occurrence = 0
        GROUP BY merged
    ),
    opened AS
    (
        -- A merge that came late may lead to a profile whose own merge is settled by now.
        SELECT merged, if(known.current_id = '', target, known.current_id) AS into
        FROM merges LEFT ANY JOIN settled_profiles AS known ON known.profile_id = merges.target
    ),
    walk AS
    (
        SELECT merged AS profile, into AS reached, 1 AS hops FROM opened
        UNION ALL
        SELECT walk.profile AS profile, opened.into AS reached, walk.hops + 1 AS hops
        FROM walk INNER JOIN opened ON opened.merged = walk.reached
        WHERE walk.hops < 900
    )
SELECT profile AS profile_id, argMax(reached, hops) AS current_id
FROM walk
GROUP BY profile_id;
