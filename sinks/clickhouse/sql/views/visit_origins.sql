-- Visits that name a source, by customer (`person`), with the source (`origin`): utm source, medium, campaign and host of the
-- referrer. The shop's own hosts, payment services and the like are no referrers. v_sources and v_sources_daily are made of it.
CREATE OR REPLACE VIEW visit_origins AS
WITH
    ('direct', 'none', 'not set', '$direct') AS nowhere,
    outside AS
    (
        SELECT referrer, host
        FROM
        (
            SELECT
                referrer, host, splitByChar('.', toString(referrer)) AS labels,
                cutToFirstSignificantSubdomain(toString(host)) AS site
            FROM landings
            WHERE referrer != ''
            GROUP BY referrer, host
        )
        WHERE referrer != host AND (site = '' OR cutToFirstSignificantSubdomain(toString(referrer)) != site)
            AND NOT hasAny(
                arrayMap(at -> arrayStringConcat(arraySlice(labels, at), '.'), arrayEnumerate(labels)), [{no_referrers}]
            )
            AND NOT hasAny(arraySlice(labels, 1, greatest(length(labels) - 2, 0)), [{no_referrer_labels}])
    ),
    places AS
    (
        -- What visits name is a few things, many times over.
        SELECT
            sipHash64(source, medium, campaign, referrer, host) AS place,
            if(trim(BOTH '() ' FROM lower(source)) IN nowhere OR lengthUTF8(source) > 2000, '', toString(source)) AS utm_source,
            if(trim(BOTH '() ' FROM lower(medium)) IN nowhere OR lengthUTF8(medium) > 2000, '', toString(medium)) AS utm_medium,
            if(
                trim(BOTH '() ' FROM lower(campaign)) IN nowhere OR lengthUTF8(campaign) > 2000, '', toString(campaign)
            ) AS utm_campaign,
            if(referrer != '' AND (referrer, host) IN (SELECT referrer, host FROM outside), toString(referrer), '') AS came_from,
            if(
                utm_source = '' AND utm_medium = '', ('', '', '', came_from), (utm_source, utm_medium, utm_campaign, came_from)
            ) AS origin
        FROM (SELECT source, medium, campaign, referrer, host FROM landings GROUP BY source, medium, campaign, referrer, host)
        WHERE origin != ('', '', '', '')
    )
SELECT person, at, toDate(at, '{timezone}') AS day, origin
FROM current_landings AS visits
INNER JOIN places ON places.place = sipHash64(visits.source, visits.medium, visits.campaign, visits.referrer, visits.host);
