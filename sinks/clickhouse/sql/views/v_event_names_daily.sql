-- Question: Which names of events come in on each day, and how often?
-- Grain: a day in the shop's time zone, a name and its producer's own.
-- Columns:
--   day [key]: the day of the events
--   name [key]: canonical name; that of the page or screen, where a track call is read as one; at most 120 characters
--   original_name [key]: what the producer calls it, where that is another name; else empty
--   events [count]: accepted events of that name
-- Notes: `winback events` says what each name does. At most 1,000 a day, the most frequent.
CREATE OR REPLACE VIEW v_event_names_daily AS
SELECT
    day,
    if(kind = 'track', substringUTF8(told, 1, 120), toString(kind)) AS name,
    substringUTF8(toString(producers), 1, 120) AS original_name,
    toUInt64(sum(number)) AS events
FROM
(
    SELECT
        toDate(event_time, '{timezone}') AS day, type AS kind, counted_events.name AS told,
        counted_events.original_name AS producers, sum(times) AS number
    FROM counted_events
    GROUP BY day, kind, told, producers
)
WHERE kind = 'track' OR producers != ''
GROUP BY day, name, original_name
ORDER BY day, events DESC, name, original_name
LIMIT 1000 BY day;
