-- Who is in which segment now: one row a segment and customer, with the time of entering.
CREATE OR REPLACE VIEW current_members AS
SELECT segment, profile_id, max(at) AS since
FROM segment_members
GROUP BY segment, profile_id
-- One number orders the changes of a profile: comparing pairs costs more than twice as much.
HAVING argMax(change = 'entered', toUnixTimestamp64Milli(at) * 65536 + nth);
