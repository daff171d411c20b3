-- Events with the profile they belong to today (`current_id`, and `current_person`, its hash), each once.
-- An event that came in again after its profile had been merged stands under both profiles: it is still one event.
-- Most profiles have never been part of a merge or a split: their events are read as they are, and only those of the
-- others are looked up and told apart. What was done stands in `did`, a sum of 1: engaged with a channel, 2: shows who it is
-- of, 4: was active in the shop, 8: responded to a message, an advert or a post: bitTest(did, 2) asks for 4.
CREATE OR REPLACE VIEW current_events AS
WITH
    -- Splits are few: a table in the query, and none at all without any.
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, current_id))) FROM split_heads
    ) AS cuts
SELECT events.* EXCEPT (person, event_key), person AS current_person, profile_id AS current_id
FROM events FINAL
WHERE person NOT IN (SELECT sipHash64(profile_id) FROM resolved_profiles)
UNION ALL
SELECT
    seen.* EXCEPT (person, event_key, cut),
    sipHash64(current_id) AS current_person,
    multiIf(cut.2 != '' AND event_time <= cut.1, cut.2, later.to_id != '', later.to_id, profile_id) AS current_id
FROM
(
    SELECT
        events.*,
        if(
            empty(cuts.1),
            (toDateTime64(0, 3, 'UTC'), ''),
            cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
        ) AS cut
    FROM events FINAL
    WHERE person IN (SELECT sipHash64(profile_id) FROM resolved_profiles)
) AS seen
LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles) AS later
    ON later.from_id = seen.profile_id
LIMIT 1 BY sipHash64(current_id, event_key);
