SELECT DISTINCT channel, events, reach, views, likes, shares, comments, impressions
FROM v_channel_kpis(from = '1970-01-01', to = '2149-06-06')
WHERE events > 0
ORDER BY channel;
SELECT
    channel, count() AS events, uniqExactIf(customer, named) AS reach, countIf(name = 'Post Viewed') AS viewed,
    countIf(name = 'Post Liked') AS likes, countIf(name = 'Post Shared') AS shares,
    countIf(name = 'Post Commented') AS comments, countIf(name = 'Ad Impression') AS impressions
FROM ({read})
GROUP BY channel
ORDER BY channel
