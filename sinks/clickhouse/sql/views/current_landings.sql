-- Visits that name where they come from (`landings`), with the customer of today, found as current_activity finds it.
CREATE OR REPLACE VIEW current_landings AS
WITH
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, current_id))) FROM split_heads
    ) AS cuts
SELECT if(later.into = 0, landings.person, later.into) AS person, at, source, medium, campaign, referrer, host, place
FROM landings
LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles) AS later
    ON later.merged = landings.person
WHERE landings.person NOT IN (SELECT sipHash64(profile_id) FROM split_heads)
UNION ALL
SELECT
    sipHash64(multiIf(cut.2 != '' AND at <= cut.1, cut.2, later.into != '', later.into, profile_id)) AS person,
    at, source, medium, campaign, referrer, host, sipHash64(source, medium, campaign, referrer, host) AS place
FROM
(
    SELECT
        profile_id, at, source, medium, campaign, referrer, host,
        if(
            empty(cuts.1),
            (toDateTime64(0, 3, 'UTC'), ''),
            cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
        ) AS cut
    FROM landing_parts
    WHERE profile_id IN (SELECT profile_id FROM split_heads)
) AS seen
LEFT ANY JOIN (SELECT profile_id AS merged, current_id AS into FROM linked_profiles) AS later ON later.merged = seen.profile_id;
