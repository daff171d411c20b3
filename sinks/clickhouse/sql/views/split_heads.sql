-- What splits took away: events of a profile whose head is cut off belong to `current_id` if they are not later than
-- `until`. Without a head: a merged profile that went elsewhere by a split, with everything of it that knows no head.
-- It holds for the profile that was split and for all that had been merged into it by then, or cut off into it with
-- that head; the latest split that names a head counts.
CREATE OR REPLACE VIEW split_heads AS
WITH RECURSIVE
    family AS
    (
        SELECT
            version AS cut, version AS step, merged_profile_id AS member, into_profile_id AS target,
            arrayJoin(if(reason = 'split', identifiers, [''])) AS head, merged_at AS until
        FROM profile_merges
        WHERE refused = '' AND reason IN ('split', 'split_history')
        UNION ALL
        -- Back in time, step by step, to what came to be part of it.
        SELECT
            family.cut AS cut, earlier.version AS step, earlier.merged_profile_id AS member,
            family.target AS target, family.head AS head,
            if(earlier.occurrence = 0, family.until, earlier.merged_at) AS until
        FROM profile_merges AS earlier INNER JOIN family ON family.member = earlier.into_profile_id
        WHERE earlier.refused = '' AND earlier.version < family.step
            AND (
                earlier.occurrence = 0
                OR (earlier.reason = 'split' AND has(earlier.identifiers, family.head))
                OR (earlier.reason = 'split_history' AND family.head = '')
            )
    ),
    last AS
    (
        SELECT member, head, argMax((target, until), (cut, until)) AS latest
        FROM family
        GROUP BY member, head
    ),
    based AS
    (
        SELECT member, head, latest.2 AS until, if(known.current_id = '', latest.1, known.current_id) AS base
        FROM last LEFT ANY JOIN settled_profiles AS known ON known.profile_id = latest.1
    )
SELECT member AS profile_id, head, until, if(later.current_id = '', base, later.current_id) AS current_id
FROM based LEFT ANY JOIN recent_profiles AS later ON later.profile_id = based.base;
