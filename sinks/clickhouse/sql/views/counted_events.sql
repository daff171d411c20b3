-- Events to be counted, quicker than current_events: sums of `times` are numbers of events. Each row of events is here once
-- (1), and those that tell again what another row of the same customer of today tells are here a second time (-1): an event
-- that came in again after its profile had been merged stands under both. `person` is the number (hash) of the profile
-- that the event was of at its time; `went` that of the customer whom a split took it to, or 0: then merges are to be followed.
CREATE OR REPLACE VIEW counted_events AS
SELECT
    event_time, channel, type, name, original_name, head_type, machine, device, did, about_message, cost, cost_currency,
    person, toUInt64(0) AS went, toInt8(1) AS times
FROM events FINAL
WHERE person NOT IN (SELECT sipHash64(profile_id) FROM split_heads)
UNION ALL
SELECT
    event_time, channel, type, name, original_name, head_type, machine, device, did, about_message, cost, cost_currency,
    person, went, toInt8(1) AS times
FROM split_events
UNION ALL
SELECT
    event_time, channel, type, name, original_name, head_type, machine, device, did, about_message, cost, cost_currency,
    person, went, toInt8(-1) AS times
FROM
(
    SELECT *
    FROM
    (
        SELECT
            event_time, channel, type, name, original_name, head_type, machine, device, did, about_message, cost,
            cost_currency, person, toUInt64(0) AS went, event_key, if(later.into = 0, events.person, later.into) AS customer
        FROM events FINAL
        LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles) AS later
            ON later.merged = events.person
        -- Few stand under two profiles, be these the same customer or not.
        PREWHERE event_key IN (
            SELECT event_key
            FROM events
            WHERE person IN (SELECT sipHash64(profile_id) FROM resolved_profiles)
            GROUP BY event_key
            HAVING min(person) != max(person)
        )
        WHERE person IN (SELECT sipHash64(profile_id) FROM resolved_profiles)
            AND person NOT IN (SELECT sipHash64(profile_id) FROM split_heads)
        UNION ALL
        SELECT
            event_time, channel, type, name, original_name, head_type, machine, device, did, about_message, cost,
            cost_currency, person, went, event_key, customer
        FROM split_events
    )
    LIMIT 18446744073709551615 OFFSET 1 BY customer, event_key
);
