-- Each change of a customer's consent: a yes or a no to a channel as a whole, or to a topic (on `*`: on all channels), where
-- the word before was another one; with the last message to the customer on that channel before a no. A complaint after a
-- no is a change too. v_consent and v_consent_daily are made of it.
CREATE OR REPLACE VIEW consent_changes AS
WITH
    words AS
    (
        SELECT
            current_id, event_time,
            arrayJoin(arrayEnumerate(consents)) AS nth,
            consents[nth].1 AS channel, consents[nth].2 AS topic, consents[nth].3 AS given,
            multiIf(given, 1, consents[nth].4 = 'complained', 3, 2) AS state,
            lagInFrame(toUInt8(state), 1, 0) OVER (
                PARTITION BY current_id, channel, topic
                ORDER BY event_time, source_topic, source_partition, source_offset, message_id, nth
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS before
        FROM current_events
        WHERE notEmpty(consents)
    ),
    last_messages AS
    (
        SELECT
            if(merged.current_id = '', noted.profile_id, merged.current_id) AS customer,
            arrayJoin([toString(channel), '*']) AS place,
            decided_at,
            argMax(campaign_id, message_id) AS campaign
        FROM messages AS noted FINAL
        LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = noted.profile_id
        GROUP BY customer, place, decided_at
    )
SELECT
    toDate(event_time, '{timezone}') AS day,
    current_id,
    toString(channel) AS channel,
    topic,
    if(given, '', last_messages.campaign) AS campaign_id,
    state = 1 AS granted,
    state != 1 AND before < 2 AS withdrawn,
    state = 3 AS complained
FROM words
ASOF LEFT JOIN last_messages
    ON last_messages.customer = words.current_id AND last_messages.place = toString(words.channel) AND last_messages.decided_at <= words.event_time
WHERE state != before AND NOT (state = 2 AND before = 3);
