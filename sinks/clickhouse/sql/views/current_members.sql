-- Who is in which segment now: one row a segment and customer, with the time of entering.
CREATE OR REPLACE VIEW current_members AS
SELECT segment, profile_id, max(at) AS since
FROM segment_members
GROUP BY segment, profile_id
HAVING argMax(change, (at, nth)) = 'entered';
