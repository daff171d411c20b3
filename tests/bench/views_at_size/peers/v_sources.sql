SELECT DISTINCT source, medium, campaign, referrer, visitors
FROM v_sources(from = '1970-01-01', to = '2149-06-06')
WHERE visitors > 0
ORDER BY source, medium, campaign, referrer;
SELECT place.1 AS source, place.2 AS medium, place.3 AS campaign, place.4 AS referrer, uniqExact(customer) AS visitors
FROM
(
    SELECT
        customer, toDate(event_time, '{timezone}') AS day,
        groupUniqArrayIf(origin, origin != ('', '', '', '')) AS known,
        arrayJoin(if(empty(known), [('', '', '', '')], known)) AS place
    FROM
    (
        SELECT
            customer, event_time, JSONExtractString(value, 'context', 'page', 'referrer') AS page,
            if(
                channel = 'web' AND cutToFirstSignificantSubdomain(page)
                    != cutToFirstSignificantSubdomain(JSONExtractString(value, 'context', 'page', 'url')),
                domainWithoutWWW(page), ''
            ) AS came_from,
            (
                JSONExtractString(value, 'context', 'campaign', 'source'),
                JSONExtractString(value, 'context', 'campaign', 'medium'),
                JSONExtractString(value, 'context', 'campaign', 'name'), came_from
            ) AS origin
        FROM ({read})
        WHERE named AND channel IN ('web', 'app', 'store', 'marketplace', 'messenger')
            AND if(type IN ('page', 'screen') OR views, NOT machine, changes)
    )
    GROUP BY customer, day
)
GROUP BY place
ORDER BY source, medium, campaign, referrer
