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
    ('Email Delivered', 'SMS Delivered', 'Push Notification Received', 'Ad Impression') AS deliveries,
    ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked') AS clickings,
    ('Email Bounced', 'SMS Failed', 'Push Notification Bounced') AS bouncings,
    ('Unsubscribed', 'Email Marked as Spam') AS refusals,
    told AS
    (
        -- Written twice or not: no flag changes by it.
        SELECT
            if(about_message = '', clicked_message, about_message) AS about,
            min(event_time) AS since,
            argMin(toString(channel), (event_time, channel)) AS told_on,
            argMin(toString(campaign_id), (event_time, campaign_id)) AS told_of,
            argMinIf(profile_id, (event_time, profile_id), about_message != '') AS told_by,
            max(if(about_message = '', '', lower(extract(arrayFirst(one -> one.1 = 'email', identifiers).2, '@([^@]+)$')))) AS told_domain,
            max(about_message != '') AS by_name,
            max(about_message = '' OR NOT name IN bouncings) AS delivered,
            max(name = 'Email Opened' AND NOT machine) AS opened,
            max(NOT machine AND (about_message = '' OR name IN clickings)) AS clicked,
            max(name IN bouncings) AS bounced,
            max(name IN refusals) AS unsubscribed,
            max(name = 'Email Marked as Spam') AS complained
        FROM events
        WHERE
            (about_message = '' AND clicked_message != '')
            OR (
                about_message != ''
                AND (name IN deliveries OR name IN clickings OR name IN bouncings OR name IN refusals OR name = 'Email Opened')
            )
        GROUP BY about
    ),
    nameless AS
    (
        SELECT
            current_id, channel, campaign_id, name, event_time, machine,
            lower(extract(arrayFirst(one -> one.1 = 'email', identifiers).2, '@([^@]+)$')) AS domain,
            toDate(event_time, '{timezone}') AS day,
            name IN bouncings OR (name IN deliveries) AS starts,
            sum(starts) OVER (
                PARTITION BY current_id, channel, campaign_id ORDER BY event_time, NOT starts, message_id
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS nth
        FROM current_events
        WHERE about_message = '' AND type = 'track' AND name NOT IN ('Ad Clicked', 'Ad Impression') AND (
            name IN deliveries OR name IN clickings OR name IN bouncings OR name = 'Email Opened'
            OR (campaign_id != '' AND name IN refusals)
        )
    )
SELECT
    if(ours, noted.message_id, about) AS message_id,
    noted.message_id != '' AS ours,
    toDate(if(ours, decided_at, since), '{timezone}') AS day,
    if(ours, toString(noted.channel), told_on) AS channel,
    if(ours, toString(noted.campaign_id), told_of) AS campaign_id,
    toString(step) AS step,
    toString(variant) AS variant,
    if(ours, noted.profile_id, told_by) AS written_to,
    if(merged.current_id = '', written_to, merged.current_id) AS current_id,
    if(ours, toString(noted.domain), told_domain) AS domain,
    told.delivered = 1 AS delivered,
    told.opened = 1 AS opened,
    told.clicked = 1 AS clicked,
    told.bounced = 1 AS bounced,
    told.unsubscribed = 1 AS unsubscribed,
    told.complained = 1 AS complained
FROM
(
    SELECT message_id, decided_at, channel, campaign_id, step, variant, profile_id, domain FROM messages FINAL
) AS noted
FULL JOIN told ON told.about = noted.message_id
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = written_to
-- A link alone tells of no message that is not ours.
WHERE ours OR by_name = 1
UNION ALL
SELECT
    '', false, toDate(min(event_time), '{timezone}'), toString(channel), toString(campaign_id), '', '', current_id, current_id, max(domain),
    max(NOT name IN bouncings) = 1,
    max(name = 'Email Opened' AND NOT machine) = 1,
    max(name IN clickings AND NOT machine) = 1,
    max(name IN bouncings) = 1,
    max(name IN refusals) = 1,
    max(name = 'Email Marked as Spam') = 1
FROM nameless
GROUP BY current_id, channel, campaign_id, nth, if(nth = 0, day, toDate(0));
