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
    if(kind = 'track', substringUTF8(told, 1, 120), toString(kind)) AS name,
    substringUTF8(toString(producers), 1, 120) AS original_name,
    toUInt64(sum(number)) AS events,
    min(first_at) AS first_seen,
    max(last_at) AS last_seen
FROM
(
    SELECT
        type AS kind, counted_events.name AS told, counted_events.original_name AS producers, sum(times) AS number,
        min(event_time) AS first_at, max(event_time) AS last_at
    FROM counted_events
    WHERE toDate(event_time, '{timezone}') BETWEEN {from:Date} AND {to:Date}
    GROUP BY kind, told, producers
)
WHERE kind = 'track' OR producers != ''
GROUP BY name, original_name
ORDER BY events DESC, name, original_name
LIMIT 1000;
