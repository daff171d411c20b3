-- Where a merged profile has gone by merges alone, whatever splits took away later: one row a profile that was merged.
CREATE OR REPLACE VIEW linked_profiles AS
SELECT profile_id, linked_id AS current_id FROM resolved_profiles FINAL WHERE linked_id != '';
