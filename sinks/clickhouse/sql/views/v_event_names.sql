-- Which names of events come in, how often, and since when? One row a name and its producer's own, at most 1,000, the most frequent.
--   name           canonical name; that of the page or screen, where a track call is read as one
--   original_name  what the producer calls it, where that is another name
--   events         accepted events of that name
--   first_seen, last_seen  their earliest and latest event time
-- Names over 120 characters are cut. `winback events` says what each name does.
CREATE OR REPLACE VIEW v_event_names AS
SELECT
    if(type = 'track', substringUTF8(name, 1, 120), toString(type)) AS name,
    substringUTF8(toString(original_name), 1, 120) AS original_name,
    count() AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM current_events
WHERE type = 'track' OR current_events.original_name != ''
GROUP BY name, original_name
ORDER BY events DESC, name, original_name
LIMIT 1000;
