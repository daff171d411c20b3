-- Where a merged profile has gone by merges alone, whatever splits took away later: one row a profile that was merged.
CREATE OR REPLACE VIEW linked_profiles AS
WITH merged AS
(
    SELECT profile_id, current_id AS base FROM settled_profiles
    UNION ALL
    SELECT DISTINCT merged_profile_id AS profile_id, merged_profile_id AS base
    FROM profile_merges
    LEFT ANY JOIN settled_profiles AS known ON known.profile_id = merged_profile_id
    WHERE settled = 0 AND refused = '' AND occurrence = 0 AND known.current_id = ''
)
SELECT merged.profile_id AS profile_id, if(later.current_id = '', base, later.current_id) AS current_id
FROM merged
LEFT ANY JOIN recent_profiles AS later ON later.profile_id = merged.base;
