-- Question: Which names of events come in, how often, and since when?
-- Grain: a name and its producer's own; over the days from `from` to `to`, both included, in
--   the shop's time zone.
-- Columns:
--   name [key]: canonical name; that of the page or screen, where a track call is read as one; at most 120 characters
--   original_name [key]: what the producer calls it, where that is another name; else empty
--   events [count]: accepted events of that name
--   first_seen [not_null]: their earliest event time in those days (UTC)
--   last_seen [not_null]: their latest (UTC)
-- Notes: `winback events` says what each name does. At most 1,000, the most frequent.
CREATE OR REPLACE VIEW v_event_names AS
SELECT
    if(type = 'track', substringUTF8(name, 1, 120), toString(type)) AS name,
    substringUTF8(toString(original_name), 1, 120) AS original_name,
    count() AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM current_events
WHERE (type = 'track' OR current_events.original_name != '') AND toDate(event_time, '{timezone}') BETWEEN {from:Date} AND {to:Date}
GROUP BY name, original_name
ORDER BY events DESC, name, original_name
LIMIT 1000;
