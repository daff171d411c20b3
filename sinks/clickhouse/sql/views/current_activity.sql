-- What customers did in which quarter of an hour (`activity`), with the customer of today: `person` is the hash of the
-- profile_id. What is the same may be here more than once. Of profiles that were split it is read from their events, as
-- each goes where its head went.
CREATE OR REPLACE VIEW current_activity AS
WITH
    -- Splits are few: a table in the query, and none at all without any.
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, current_id))) FROM split_heads
    ) AS cuts
SELECT if(later.into = 0, activity.person, later.into) AS person, quarter, channel, device, did
FROM activity
LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles) AS later
    ON later.merged = activity.person
WHERE activity.person NOT IN (SELECT sipHash64(profile_id) FROM split_heads)
UNION ALL
SELECT
    sipHash64(multiIf(cut.2 != '' AND event_time <= cut.1, cut.2, later.into != '', later.into, profile_id)) AS person,
    quarter, channel, device, did
FROM
(
    SELECT
        profile_id, event_time, quarter, channel, device, did,
        if(
            empty(cuts.1),
            (toDateTime64(0, 3, 'UTC'), ''),
            cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
        ) AS cut
    FROM activity_parts
    WHERE profile_id IN (SELECT profile_id FROM split_heads)
) AS seen
LEFT ANY JOIN (SELECT profile_id AS merged, current_id AS into FROM linked_profiles) AS later ON later.merged = seen.profile_id;
