SELECT channel, reach, engaged, impressions, engagements
FROM v_reach_engagement(from = '1970-01-01', to = '2149-06-06')
ORDER BY channel;
SELECT
    channel, uniqExactIf(customer, named) AS reach, uniqExactIf(customer, named AND did) AS engaged,
    countIf(name IN ('Ad Impression', 'Post Viewed')) AS impressions, countIf(named AND did) AS engagements
FROM
(
    SELECT
        *,
        type = 'track' AND NOT machine AND (views OR changes OR name IN (
            'Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped', 'Ad Clicked', 'Email Opened',
            'Post Liked', 'Post Shared', 'Post Commented', 'Hashtag Used', 'Store Visited', 'Order Completed'
        )) AS did
    FROM ({read})
)
GROUP BY channel
ORDER BY channel
