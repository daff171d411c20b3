-- What customers did in which quarter of an hour (`activity`), with the customer of today: `person` is the hash of the
-- profile_id. What is the same may be here more than once. Of profiles that were split it is read from their events, as
-- each goes where its head went. `did` is a sum of 1: engaged with a channel, 2: shows who it is of, 4: was active in the
-- shop, 8: responded to a message, an advert or a post (as in `events`); bitTest(did, 0) asks for 1, bitTest(did, 3) for 8.
CREATE OR REPLACE VIEW current_activity AS
SELECT if(later.into = 0, activity.person, later.into) AS person, quarter, channel, device, did
FROM activity
LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles) AS later
    ON later.merged = activity.person
WHERE activity.person NOT IN (SELECT sipHash64(profile_id) FROM split_heads)
UNION ALL
SELECT customer AS person, toStartOfFifteenMinutes(event_time) AS quarter, channel, device, did
FROM split_events
WHERE head_type != '';
