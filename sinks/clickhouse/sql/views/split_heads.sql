-- What splits took away: events of a profile whose head is cut off belong to `current_id` if they are not later than
-- `until`. Without a head: a merged profile that went elsewhere by a split, with everything of it that knows no head.
-- It holds for the profile that was split and for all that had been merged into it by then, or cut off into it with
-- that head; the latest split that names a head counts.
CREATE OR REPLACE VIEW split_heads AS
SELECT profile_id, head, until, current_id FROM resolved_splits FINAL;
