-- On each channel, how many events come from a person we know? One row a channel that anything happened on.
--   events            accepted events of the channel
--   known_events      of them, those whose customer has ever shown a user id, an e-mail, a phone number or an external
--                     id (a loyalty card), on this event or on any other, before or after it
--   match_rate        known_events / events
--   customers         customers seen on the channel (profiles of today)
--   known_customers   of them, those we know
-- A spot on TV names nobody: it counts among the events, and is of no customer.
CREATE OR REPLACE VIEW v_match_rate AS
WITH
    customers AS
    (
        SELECT
            if(head_type = '', '', current_id) AS customer,
            sumMap([toString(channel)], [toUInt64(1)]) AS counts,
            max(head_type NOT IN ('', 'anonymous_id', 'device_id', 'advertising_id', 'push_token', 'order_id')) AS known
        FROM current_events
        GROUP BY customer
    ),
    seen AS
    (
        SELECT customer, known, arrayJoin(arrayZip(counts.1, counts.2)) AS entry, entry.1 AS channel, entry.2 AS number
        FROM customers
    )
SELECT
    channel,
    sum(number) AS events,
    sumIf(number, known) AS known_events,
    known_events / events AS match_rate,
    countIf(customer != '') AS customers,
    countIf(known) AS known_customers
FROM seen
GROUP BY channel
ORDER BY channel;
