-- Question: On each channel and day, how many events come from a person we know?
-- Grain: a day in the shop's time zone and a channel.
-- Columns:
--   day [key]: the day of the events
--   channel [key]: channel that anything happened on
--   events [count]: accepted events of the channel
--   known_events [count]: of them, those whose customer has ever shown a user id, an e-mail, a phone number or an external
--     id (a loyalty card), on this event or on any other, before or after it
--   match_rate [rate]: known_events / events
--   customers [count]: customers seen on the channel (profiles of today)
--   known_customers [count]: of them, those we know
-- Notes: A spot on TV names nobody: it counts among the events, and is of no customer.
CREATE OR REPLACE VIEW v_match_rate_daily AS
WITH
    moved AS (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles),
    -- Whose events are those of people we know, as merges have gone since.
    known AS
    (
        SELECT person FROM known_people WHERE person NOT IN (SELECT merged FROM moved)
        UNION ALL
        SELECT merged FROM moved WHERE into IN (SELECT person FROM known_people)
    )
SELECT
    day,
    channel,
    sum(parts.events) AS events,
    sum(parts.known_events) AS known_events,
    known_events / events AS match_rate,
    sum(parts.customers) AS customers,
    sum(parts.known_customers) AS known_customers
FROM
(
    SELECT
        toDate(event_time, '{timezone}') AS day, toString(channel) AS channel, toUInt64(sum(times)) AS events,
        toUInt64(sumIf(
            times, head_type != '' AND if(went = 0, counted_events.person IN known, went IN (SELECT person FROM known_people))
        )) AS known_events,
        0 AS customers, 0 AS known_customers
    FROM counted_events
    GROUP BY day, channel
    UNION ALL
    SELECT
        toDate(quarter, '{timezone}') AS day, toString(channel) AS channel, 0, 0, uniqExact(person),
        uniqExactIf(person, person IN (SELECT person FROM known_people))
    FROM current_activity
    GROUP BY day, channel
) AS parts
GROUP BY day, channel
ORDER BY day, channel;
