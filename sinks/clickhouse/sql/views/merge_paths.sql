-- Every profile that a merged profile has been part of since, step by step: A into B, B into C gives A-B, A-C and B-C.
-- Left out: refused links, erased profiles, and what a split took away (but a profile that went elsewhere by a split
-- did so from its start).
CREATE OR REPLACE VIEW merge_paths AS
WITH RECURSIVE
    merges AS
    (
        SELECT merged_profile_id AS merged, argMax(into_profile_id, version) AS into, argMax(merged_at, version) AS at
        FROM profile_merges
        WHERE refused = '' AND reason NOT IN ('split', 'erased')
        GROUP BY merged
    ),
    walk AS
    (
        SELECT merged AS profile, into AS reached, at, 1 AS hops FROM merges
        UNION ALL
        -- A profile holds a few hundred identifiers at most, so no chain is longer than the limit here.
        SELECT walk.profile AS profile, merges.into AS reached, merges.at AS at, walk.hops + 1 AS hops
        FROM walk INNER JOIN merges ON merges.merged = walk.reached
        WHERE walk.hops < 900
    )
SELECT profile AS profile_id, reached AS reached_id, at, hops
FROM walk;
