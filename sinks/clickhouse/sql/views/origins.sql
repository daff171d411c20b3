-- What visits name (`place`, a number in `landings`), and the source that it is (`origin`): utm source, medium, campaign and
-- host of the referrer; `number` is that source's hash, `turn` its turn among all of them in order of these texts. The shop's
-- own hosts, payment services and the like are no referrers. Places that name no source are not here.
CREATE OR REPLACE VIEW origins AS
WITH
    ('direct', 'none', 'not set', '$direct') AS nowhere,
    named AS
    (
        -- What visits name is a few things, many times over.
        SELECT
            place, toString(any(landings.source)) AS source, toString(any(landings.medium)) AS medium,
            toString(any(landings.campaign)) AS campaign, toString(any(landings.referrer)) AS referrer,
            toString(any(landings.host)) AS host,
            splitByChar('.', referrer) AS labels,
            cutToFirstSignificantSubdomain(host) AS site,
            referrer != '' AND referrer != host AND (site = '' OR cutToFirstSignificantSubdomain(referrer) != site)
                AND NOT hasAny(
                    arrayMap(at -> arrayStringConcat(arraySlice(labels, at), '.'), arrayEnumerate(labels)), [{no_referrers}]
                )
                AND NOT hasAny(arraySlice(labels, 1, greatest(length(labels) - 2, 0)), [{no_referrer_labels}])
                AS outside
        FROM landings
        GROUP BY place
    )
SELECT
    place,
    if(trim(BOTH '() ' FROM lower(source)) IN nowhere OR lengthUTF8(source) > 2000, '', source) AS utm_source,
    if(trim(BOTH '() ' FROM lower(medium)) IN nowhere OR lengthUTF8(medium) > 2000, '', medium) AS utm_medium,
    if(trim(BOTH '() ' FROM lower(campaign)) IN nowhere OR lengthUTF8(campaign) > 2000, '', campaign) AS utm_campaign,
    if(outside, referrer, '') AS came_from,
    if(utm_source = '' AND utm_medium = '', ('', '', '', came_from), (utm_source, utm_medium, utm_campaign, came_from)) AS origin,
    sipHash64(origin) AS number,
    dense_rank() OVER (ORDER BY origin) AS turn
FROM named
WHERE origin != ('', '', '', '');
