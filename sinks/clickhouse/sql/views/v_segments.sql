-- Question: How large is each segment, and who came and went on each day?
-- Grain: a segment of the campaigns file and a day in the shop's time zone on which anybody entered it or left it.
-- Columns:
--   segment [key]: its id in the campaigns file
--   day [key]: the day, in the shop's time zone
--   members [count]: customers in it at the end of the day
--   entered [count]: how often somebody entered it on the day; who leaves and comes again counts twice
--   left [count]: how often somebody left it on the day, for whatever reason
--   left_by_time [count]: of these, because a window of time had passed
--   left_by_merge [count]: of these, because the profile became part of another one, which may be in it
-- Notes: a day without a change has no row: the members are those of the row before. Under the event clock time runs
--   out at the end of input, so windows pass on days that lie ahead. An erased customer is on no day.
CREATE OR REPLACE VIEW v_segments AS
SELECT
    segment,
    day,
    toUInt64(sum(toInt64(came) - toInt64(went)) OVER (PARTITION BY segment ORDER BY day)) AS members,
    came AS entered,
    went AS left,
    left_by_time,
    left_by_merge
FROM
(
    SELECT
        segment,
        toDate(at, '{timezone}') AS day,
        countIf(change = 'entered') AS came,
        countIf(change = 'left') AS went,
        countIf(change = 'left' AND reason = 'time') AS left_by_time,
        countIf(change = 'left' AND reason = 'merge') AS left_by_merge
    FROM segment_members FINAL
    GROUP BY segment, day
)
ORDER BY segment, day;
