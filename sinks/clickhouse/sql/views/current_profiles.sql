-- Where a merged profile has gone: one row a profile that was merged, with the profile it is part of today.
-- Every v_ view reads the profile of an old row through this one, or through current_events.
CREATE OR REPLACE VIEW current_profiles AS
SELECT profile_id, current_id FROM resolved_profiles FINAL WHERE current_id != '';
