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
    ['Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Ad Impression'] AS deliveries,
    ['Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked'] AS clickings,
    ['Email Bounced', 'SMS Failed', 'Push Notification Bounced'] AS bouncings,
    ['Unsubscribed', 'Email Marked as Spam'] AS refusals,
    told AS
    (
        -- Written twice or not: no flag changes by it.
        SELECT
            if(about_message = '', clicked_message, about_message) AS about,
            min(event_time) AS since,
            argMin(channel, (event_time, channel)) AS told_on,
            argMin(campaign_id, (event_time, campaign_id)) AS told_of,
            argMinIf(profile_id, (event_time, profile_id), about_message != '') AS told_by,
            max(if(about_message = '', '', lower(extract(arrayFirst(one -> one.1 = 'email', identifiers).2, '@([^@]+)$')))) AS told_domain,
            max(about_message != '') AS by_name,
            max(about_message = '' OR NOT has(bouncings, name)) AS delivered,
            max(name = 'Email Opened' AND NOT machine) AS opened,
            max(NOT machine AND (about_message = '' OR has(clickings, name))) AS clicked,
            max(has(bouncings, name)) AS bounced,
            max(has(refusals, name)) AS unsubscribed,
            max(name = 'Email Marked as Spam') AS complained
        FROM events
        WHERE
            (about_message = '' AND clicked_message != '')
            OR (
                about_message != ''
                AND (has(deliveries, name) OR has(clickings, name) OR has(bouncings, name) OR has(refusals, name) OR name = 'Email Opened')
            )
        GROUP BY about
    ),
    nameless AS
    (
        SELECT
            current_id, channel, campaign_id, name, event_time, machine,
            lower(extract(arrayFirst(one -> one.1 = 'email', identifiers).2, '@([^@]+)$')) AS domain,
            toDate(event_time, '{timezone}') AS day,
            has(bouncings, name) OR (has(deliveries, name)) AS starts,
            sum(starts) OVER (
                PARTITION BY current_id, channel, campaign_id ORDER BY event_time, NOT starts, message_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS nth
        FROM current_events
        WHERE about_message = '' AND type = 'track' AND name NOT IN ('Ad Clicked', 'Ad Impression') AND (
            has(deliveries, name) OR has(clickings, name) OR has(bouncings, name) OR name = 'Email Opened'
            OR (campaign_id != '' AND has(refusals, name))
        )
    )
SELECT
    message_id,
    true AS ours,
    toDate(decided_at, '{timezone}') AS day,
    messages.channel AS channel,
    messages.campaign_id AS campaign_id,
    step,
    variant,
    if(merged.current_id = '', messages.profile_id, merged.current_id) AS current_id,
    domain,
    delivered = 1 AS delivered,
    opened = 1 AS opened,
    clicked = 1 AS clicked,
    bounced = 1 AS bounced,
    unsubscribed = 1 AS unsubscribed,
    complained = 1 AS complained
FROM messages FINAL
LEFT ANY JOIN told ON told.about = messages.message_id
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = messages.profile_id
UNION ALL
SELECT
    about, false, toDate(since, '{timezone}'), told_on, told_of, '', '',
    if(merged.current_id = '', told_by, merged.current_id), told_domain,
    delivered = 1, opened = 1, clicked = 1, bounced = 1, unsubscribed = 1, complained = 1
FROM told
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = told_by
WHERE by_name = 1 AND about NOT IN (SELECT message_id FROM messages)
UNION ALL
SELECT
    '', false, toDate(min(event_time), '{timezone}'), channel, campaign_id, '', '', current_id, max(domain),
    max(NOT has(bouncings, name)) = 1,
    max(name = 'Email Opened' AND NOT machine) = 1,
    max(has(clickings, name) AND NOT machine) = 1,
    max(has(bouncings, name)) = 1,
    max(has(refusals, name)) = 1,
    max(name = 'Email Marked as Spam') = 1
FROM nameless
GROUP BY current_id, channel, campaign_id, nth, if(nth = 0, day, toDate(0));
