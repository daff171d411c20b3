-- Who was on each channel on each day (in the shop's time zone): v_channel_daily, v_channel_kpis, v_reach_engagement and
-- v_reach_engagement_daily count customers by it. A row is of an event (`reached`, and perhaps `engaged`) or of a customer
-- who bought there (`bought`); the same may be there more than once.
CREATE OR REPLACE VIEW channel_people AS
SELECT
    toDate(quarter, '{timezone}') AS day, toString(channel) AS channel, person, true AS reached, bitTest(did, 0) AS engaged,
    false AS bought
FROM current_activity
UNION ALL
SELECT toDate(at, '{timezone}') AS day, toString(channel) AS channel, sipHash64(current_id) AS person, false, false, true
FROM current_conversions
GROUP BY day, channel, toString(currency), person
HAVING sum(orders) > 0;
