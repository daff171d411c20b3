-- Events with the profile they belong to today (`current_id`), each once.
-- An event that came in again after its profile had been merged stands under both profiles: it is still one event.
CREATE OR REPLACE VIEW current_events AS
SELECT
    seen.* EXCEPT (squashed_id, base),
    multiIf(
        cut.to_id != '' AND event_time <= cut.until, cut.to_id,
        later.to_id != '', later.to_id,
        base
    ) AS current_id
FROM
(
    SELECT
        events.*,
        multiIf(squashed_id != '', squashed_id, known.current_id != '', known.current_id, events.profile_id) AS base
    FROM events FINAL
    LEFT ANY JOIN settled_profiles AS known ON known.profile_id = if(squashed_id = '', events.profile_id, '')
) AS seen
LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM recent_profiles) AS later ON later.from_id = seen.base
LEFT ANY JOIN
(
    SELECT profile_id AS of_id, head AS of_head, until, current_id AS to_id FROM split_heads
) AS cut ON cut.of_id = seen.profile_id AND cut.of_head = seen.head
LIMIT 1 BY current_id, event_time, message_id;
