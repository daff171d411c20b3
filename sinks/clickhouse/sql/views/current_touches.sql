-- Touches with the profile they belong to today (`current_id`), each once, found as current_events finds events.
CREATE OR REPLACE VIEW current_touches AS
WITH
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, current_id))) FROM split_heads
    ) AS cuts
SELECT touches.*, profile_id AS current_id
FROM touches FINAL
WHERE profile_id NOT IN (SELECT profile_id FROM resolved_profiles)
UNION ALL
SELECT *
FROM
(
    SELECT
        seen.* EXCEPT (cut),
        multiIf(cut.2 != '' AND event_time <= cut.1, cut.2, later.to_id != '', later.to_id, profile_id) AS current_id
    FROM
    (
        SELECT
            touches.*,
            if(
                empty(cuts.1),
                (toDateTime64(0, 3, 'UTC'), ''),
                cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
            ) AS cut
        FROM touches FINAL
        WHERE profile_id IN (SELECT profile_id FROM resolved_profiles)
    ) AS seen
    LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles) AS later
        ON later.from_id = seen.profile_id
    -- A click under a profile that has merged since, and the page it led to, are one touch under two profiles.
    ORDER BY change DESC
    LIMIT 1 BY current_id, at, touch_id
);
