SELECT DISTINCT channel, events, reach, views, likes, shares, comments, impressions, delivered, opens
FROM v_channel_kpis(from = '1970-01-01', to = '2149-06-06')
WHERE events > 0
ORDER BY channel;
SELECT
    channel, sum(parts.events) AS events, sum(parts.reach) AS reach, sum(viewed) AS views, sum(parts.likes) AS likes,
    sum(parts.shares) AS shares, sum(parts.comments) AS comments, sum(parts.impressions) AS impressions,
    sum(parts.delivered) AS delivered, sum(parts.opens) AS opens
FROM
(
    SELECT
        channel, count() AS events, uniqExactIf(customer, named) AS reach, countIf(name = 'Post Viewed') AS viewed,
        countIf(name = 'Post Liked') AS likes, countIf(name = 'Post Shared') AS shares,
        countIf(name = 'Post Commented') AS comments, countIf(name = 'Ad Impression') AS impressions,
        0 AS delivered, 0 AS opens
    FROM ({read})
    GROUP BY channel
    UNION ALL
    SELECT noted.channel AS channel, 0, 0, 0, 0, 0, 0, 0, countIf(came), countIf(opened)
    FROM (SELECT message_id, toString(messages.channel) AS channel FROM messages FINAL) AS noted
    INNER JOIN
    (
        SELECT
            JSONExtractString(value, 'properties', 'message_id') AS about,
            max(name NOT IN ('Email Bounced', 'SMS Failed', 'Push Notification Bounced')) AS came,
            max(name = 'Email Opened' AND NOT machine) AS opened
        FROM ({read})
        WHERE about != ''
        GROUP BY about
    ) AS told ON told.about = noted.message_id
    GROUP BY channel
) AS parts
GROUP BY channel
HAVING events > 0
ORDER BY channel
