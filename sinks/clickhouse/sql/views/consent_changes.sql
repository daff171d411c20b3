-- Each change of a customer's consent: a yes or a no to a channel as a whole, or to a topic (on `*`: on all channels), where
-- the word before was another one; with the last message to the customer on that channel before a no. A complaint after a
-- no is a change too. v_consent and v_consent_daily are made of it.
CREATE OR REPLACE VIEW consent_changes AS
WITH
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, current_id))) FROM split_heads
    ) AS cuts,
    told AS
    (
        -- Whose it is, and each once, as current_events says it: of the few events that say anything of consent.
        SELECT
            seen.* EXCEPT (cut),
            multiIf(cut.2 != '' AND event_time <= cut.1, cut.2, later.to_id != '', later.to_id, profile_id) AS current_id
        FROM
        (
            SELECT
                profile_id, event_time, message_id, source_topic, source_partition, source_offset, consents, event_key,
                if(
                    empty(cuts.1),
                    (toDateTime64(0, 3, 'UTC'), ''),
                    cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
                ) AS cut
            FROM events FINAL
            PREWHERE notEmpty(consents)
        ) AS seen
        LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles) AS later
            ON later.from_id = seen.profile_id
        LIMIT 1 BY sipHash64(current_id, event_key)
    ),
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
        FROM told
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
