-- Question: On each channel, how many events come from a person we know?
-- Grain: a channel; over the days from `from` to `to`, both included, in
--   the shop's time zone.
-- Columns:
--   channel [key]: channel that anything happened on
--   events [count]: accepted events of the channel
--   known_events [count]: of them, those whose customer has ever shown a user id, an e-mail, a phone number or an external
--     id (a loyalty card), on this event or on any other, before or after it
--   match_rate [rate]: known_events / events
--   customers [count]: customers seen on the channel (profiles of today)
--   known_customers [count]: of them, those we know
-- Notes: A spot on TV names nobody: it counts among the events, and is of no customer.
CREATE OR REPLACE VIEW v_match_rate AS
SELECT
    channel,
    sum(parts.events) AS events,
    sum(parts.known_events) AS known_events,
    known_events / events AS match_rate,
    sum(parts.customers) AS customers,
    sum(parts.known_customers) AS known_customers
FROM
(
    SELECT
        toString(channel) AS channel, count() AS events,
        countIf(head_type != '' AND current_person IN (SELECT person FROM known_people)) AS known_events,
        0 AS customers, 0 AS known_customers
    FROM current_events
    WHERE toDate(event_time, '{timezone}') BETWEEN {from:Date} AND {to:Date}
    GROUP BY channel
    UNION ALL
    SELECT
        toString(channel) AS channel, 0, 0, uniqExact(person),
        uniqExactIf(person, person IN (SELECT person FROM known_people))
    FROM current_activity
    WHERE toDate(quarter, '{timezone}') BETWEEN {from:Date} AND {to:Date}
    GROUP BY channel
) AS parts
GROUP BY channel
ORDER BY channel;
