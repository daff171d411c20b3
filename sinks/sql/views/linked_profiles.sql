-- Where a merged profile has gone by merges alone, whatever splits took away later: one row a profile that was merged.
CREATE OR REPLACE VIEW linked_profiles AS
SELECT
    known.profile_id AS profile_id,
    if(later.current_id = '', known.current_id, later.current_id) AS current_id
FROM settled_profiles AS known
LEFT ANY JOIN recent_profiles AS later ON later.profile_id = known.current_id
UNION ALL
SELECT recent_profiles.profile_id AS profile_id, recent_profiles.current_id AS current_id
FROM recent_profiles
LEFT ANY JOIN settled_profiles AS known ON known.profile_id = recent_profiles.profile_id
WHERE known.current_id = '';
