-- Where a merged profile has gone: one row a profile that was merged, with the profile it is part of today.
-- Every v_ view reads the profile of an old row through this one, or through current_events.
CREATE OR REPLACE VIEW current_profiles AS
SELECT linked.profile_id AS profile_id, if(cut.current_id = '', linked.current_id, cut.current_id) AS current_id
FROM linked_profiles AS linked
LEFT ANY JOIN (SELECT profile_id, current_id FROM split_heads WHERE head = '') AS cut
    ON cut.profile_id = linked.profile_id;
