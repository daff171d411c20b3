-- Where a merged profile has gone: one row a profile that was merged, with the profile it is part of today.
-- Every v_ view reads the profile of an old event through this one.
CREATE OR REPLACE VIEW current_profiles AS
SELECT profile_id, argMax(reached_id, hops) AS current_id
FROM merge_paths
GROUP BY profile_id;
