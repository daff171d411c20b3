-- What became of each message: one row a message, on the day it was sent (in the shop's time zone).
-- `ours`: of a campaign, with its step, variant, customer (`current_id`) and domain. The others were sent by someone
-- else, and only their feedback is known: their day is that of the first word of them. Feedback that names a campaign
-- and no message is of the last message of that campaign to that customer on that channel that a delivery or a bounce was told
-- of; without one, all of a day is of one message.
-- `delivered`: a delivery was told, or anything that nobody can do with a message that has not come: it was opened, clicked or
-- shown, by a machine as well, or complained of, or unsubscribed with. `opened` and `clicked` are by people; a page that a
-- message led to (wb_mid) is a click. A complaint unsubscribes as well.
CREATE OR REPLACE VIEW message_facts AS
WITH
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, current_id))) FROM split_heads
    ) AS cuts,
    nameless AS
    (
        SELECT
            current_id, channel, campaign_id, told, event_time, domain,
            toDate(event_time, '{timezone}') AS day,
            bitTest(told, 7) AS starts,
            sum(starts) OVER (
                PARTITION BY current_id, channel, campaign_id ORDER BY event_time, NOT starts, message_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS nth
        FROM
        (
            -- Whose it is, and each once, as current_events says it.
            SELECT
                seen.* EXCEPT (cut),
                multiIf(cut.2 != '' AND event_time <= cut.1, cut.2, later.to_id != '', later.to_id, profile_id) AS current_id
            FROM
            (
                SELECT
                    profile_id, event_time, message_id, channel, campaign_id, domain, told,
                    if(
                        empty(cuts.1),
                        (toDateTime64(0, 3, 'UTC'), ''),
                        cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
                    ) AS cut
                FROM feedback FINAL
                WHERE about = ''
            ) AS seen
            LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles) AS later
                ON later.from_id = seen.profile_id
            LIMIT 1 BY current_id, event_time, message_id
        )
    )
SELECT
    noted.message_id AS message_id,
    true AS ours,
    toDate(decided_at, '{timezone}') AS day,
    toString(noted.channel) AS channel,
    toString(noted.campaign_id) AS campaign_id,
    toString(step) AS step,
    toString(variant) AS variant,
    noted.profile_id AS written_to,
    if(merged.current_id = '', written_to, merged.current_id) AS current_id,
    toString(noted.domain) AS domain,
    -- Written twice or not: no flag changes by it.
    bitTest(known.told, 1) AS delivered,
    bitTest(known.told, 2) AS opened,
    bitTest(known.told, 3) AS clicked,
    bitTest(known.told, 4) AS bounced,
    bitTest(known.told, 5) AS unsubscribed,
    bitTest(known.told, 6) AS complained
FROM
(
    SELECT message_id, decided_at, channel, campaign_id, step, variant, profile_id, domain FROM messages FINAL
) AS noted
LEFT ANY JOIN (SELECT about, groupBitOr(feedback.told) AS told FROM feedback WHERE about != '' GROUP BY about) AS known
    ON known.about = noted.message_id
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = written_to
UNION ALL
SELECT
    about, false, toDate(since, '{timezone}'), told_on, told_of, '', '', told_by,
    if(merged.current_id = '', told_by, merged.current_id), told_domain,
    bitTest(told, 1), bitTest(told, 2), bitTest(told, 3), bitTest(told, 4), bitTest(told, 5), bitTest(told, 6)
FROM
(
    SELECT
        about,
        min(event_time) AS since,
        argMin(toString(channel), (event_time, channel)) AS told_on,
        argMin(toString(campaign_id), (event_time, campaign_id)) AS told_of,
        argMinIf(profile_id, (event_time, profile_id), bitTest(feedback.told, 0)) AS told_by,
        toString(max(domain)) AS told_domain,
        groupBitOr(feedback.told) AS told
    FROM feedback
    WHERE about != '' AND about NOT IN (SELECT message_id FROM messages)
    GROUP BY about
    -- A link alone tells of no message that is not ours.
    HAVING bitTest(told, 0)
) AS others
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = told_by
UNION ALL
SELECT
    '', false, toDate(min(event_time), '{timezone}'), toString(channel), toString(campaign_id), '', '', current_id, current_id,
    toString(max(domain)),
    max(bitTest(told, 1)), max(bitTest(told, 2)), max(bitTest(told, 3)), max(bitTest(told, 4)), max(bitTest(told, 5)),
    max(bitTest(told, 6))
FROM nameless
GROUP BY current_id, channel, campaign_id, nth, if(nth = 0, day, toDate(0));
