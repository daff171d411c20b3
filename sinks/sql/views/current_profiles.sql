-- Where a merged profile has gone: one row a profile that was merged, with the profile it is part of today.
-- Every v_ view reads the profile of an old row through this one, or through current_events.
CREATE OR REPLACE VIEW current_profiles AS
WITH
    linked AS
    (
        SELECT
            known.profile_id AS profile_id,
            if(later.current_id = '', known.current_id, later.current_id) AS current_id
        FROM settled_profiles AS known
        LEFT ANY JOIN recent_profiles AS later ON later.profile_id = known.current_id
        UNION ALL
        SELECT recent_profiles.profile_id AS profile_id, recent_profiles.current_id AS current_id
        FROM recent_profiles
        LEFT ANY JOIN settled_profiles AS known ON known.profile_id = recent_profiles.profile_id
        WHERE known.current_id = ''
    )
SELECT linked.profile_id AS profile_id, if(cut.current_id = '', linked.current_id, cut.current_id) AS current_id
FROM linked
LEFT ANY JOIN (SELECT profile_id, current_id FROM split_heads WHERE head = '') AS cut ON cut.profile_id = linked.profile_id;
