-- What splits took away: events of a profile whose head is cut off belong to `current_id` if they are not later than
-- `until`. Without a head: a merged profile that went elsewhere by a split, with everything of it that knows no head.
-- The members of a profile are itself and all that had been merged into it by then; the latest split that names a head counts.
CREATE OR REPLACE VIEW split_heads AS
WITH RECURSIVE
    cuts AS
    (
        SELECT
            merged_profile_id AS profile, arrayJoin(if(reason = 'split', identifiers, [''])) AS head,
            into_profile_id AS target, merged_at AS until, version
        FROM profile_merges
        WHERE refused = '' AND reason IN ('split', 'split_history')
    ),
    family AS
    (
        SELECT DISTINCT version AS cut, profile AS member FROM cuts
        UNION ALL
        SELECT family.cut AS cut, links.merged_profile_id AS member
        FROM profile_merges AS links INNER JOIN family ON family.member = links.into_profile_id
        WHERE links.refused = '' AND links.occurrence = 0 AND links.version < family.cut
    ),
    parts AS
    (
        SELECT family.member AS profile, cuts.head AS head, cuts.target AS target, cuts.until AS until, cuts.version AS version
        FROM family INNER JOIN cuts ON cuts.version = family.cut
    ),
    steps AS
    (
        SELECT profile, head, target, until, version FROM parts
        UNION ALL
        SELECT
            steps.profile AS profile, steps.head AS head, parts.target AS target, steps.until AS until,
            parts.version AS version
        FROM parts INNER JOIN steps ON parts.profile = steps.target AND parts.head = steps.head
        WHERE parts.version > steps.version
    ),
    last AS
    (
        SELECT profile, head, argMax(target, version) AS target, argMax(until, version) AS until
        FROM steps
        GROUP BY profile, head
    ),
    based AS
    (
        SELECT profile, head, until, if(known.current_id = '', target, known.current_id) AS base
        FROM last LEFT ANY JOIN settled_profiles AS known ON known.profile_id = last.target
    )
SELECT profile AS profile_id, head, until, if(later.current_id = '', base, later.current_id) AS current_id
FROM based LEFT ANY JOIN recent_profiles AS later ON later.profile_id = based.base;
