-- Events with the profile they belong to today (`current_id`), each once.
-- An event that came in again after its profile had been merged stands under both profiles: it is still one event.
CREATE OR REPLACE VIEW current_events AS
SELECT events.*, if(merged.current_id = '', events.profile_id, merged.current_id) AS current_id
FROM events FINAL
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = events.profile_id
LIMIT 1 BY current_id, event_time, message_id;
