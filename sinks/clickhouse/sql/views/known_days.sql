-- Customers on each channel by day (in the shop's time zone), with how many events, and whether we know who they are:
-- whether they have ever shown a user id, an e-mail, a phone number or an external id. Events that name nobody are of
-- the customer ''. v_match_rate and v_match_rate_daily are made of it.
CREATE OR REPLACE VIEW known_days AS
SELECT customer, known, part.1 AS day, part.2 AS channel, part.3 AS events
FROM
(
    SELECT
        customer,
        max(shown) AS known,
        arrayJoin(groupArray((day, channel, number))) AS part
    FROM
    (
        SELECT
            if(head_type = '', '', current_id) AS customer,
            toDate(event_time, '{timezone}') AS day,
            toString(channel) AS channel,
            count() AS number,
            max(head_type NOT IN (
                '', 'anonymous_id', 'device_id', 'advertising_id', 'push_token', 'order_id', 'checkout_id', 'cart_id'
            )) AS shown
        FROM current_events
        GROUP BY customer, day, channel
    )
    GROUP BY customer
);
