-- Question: Is stitching sound?
-- Grain: a measure and what of it: each row is one number, of today.
-- Columns:
--   measure [key, one_of cluster_quantile|cluster_size|largest_profile|refused_links|merges_an_hour|splits|erasures]: what is
--     told. cluster_quantile: identifiers in a profile; cluster_size: how many profiles have so many identifiers;
--     largest_profile: the ten profiles with the most identifiers; refused_links: links that were not made (a device that
--     changed hands included); merges_an_hour: merges in each of the 48 latest hours in which there were any; splits and
--     erasures: how many there have been
--   label [key]: which of it: 50 %, 90 %, 99 %, 99.9 %, 100 %; 1, 2, 3-5, 6-10, 11-50, 51-200, over 200; the profile; the rule
--     that refused; the hour, in the shop's time zone; empty
--   value [number]: how much
-- Notes: A cluster is a profile with at least one linked identifier. A largest profile that stands out is often a shared
--   value, such as a placeholder e-mail: see what it holds with `winback profile`, cut it off with `winback split`. What
--   happened on each day is in v_identity_health_daily.
CREATE OR REPLACE VIEW v_identity_health AS
WITH
    owners AS
    (
        SELECT identifier, argMax(profile_id, version) AS owner FROM identifiers GROUP BY identifier
    ),
    clusters AS
    (
        SELECT owner AS cluster, count() AS size FROM owners WHERE owner != '' GROUP BY cluster
    ),
    quantile AS
    (
        SELECT quantilesExact(0.5, 0.9, 0.99, 0.999, 1)(size) AS found, count() AS clusters FROM clusters
    ),
    measures AS
    (
        SELECT
            'cluster_quantile' AS measure, entry.1 AS position, entry.2 AS label, toFloat64(entry.3) AS value
        FROM
        (
            SELECT
                arrayJoin(arrayZip(
                    [1, 2, 3, 4, 5], ['50 %', '90 %', '99 %', '99.9 %', '100 %'], quantile.found
                )) AS entry
            FROM quantile
            WHERE clusters > 0
        )
        UNION ALL
        SELECT
            'cluster_size',
            multiIf(size < 3, size, size <= 5, 3, size <= 10, 6, size <= 50, 11, size <= 200, 51, 201) AS from_size,
            multiIf(
                size < 3, toString(size), size <= 5, '3-5', size <= 10, '6-10', size <= 50, '11-50', size <= 200, '51-200',
                'over 200'
            ) AS sizes,
            toFloat64(count())
        FROM clusters
        GROUP BY from_size, sizes
        UNION ALL
        SELECT 'largest_profile', row_number() OVER (ORDER BY size DESC, cluster), cluster, toFloat64(size)
        FROM (SELECT cluster, size FROM clusters ORDER BY size DESC, cluster LIMIT 10)
        UNION ALL
        SELECT 'refused_links', 0, toString(reason), toFloat64(count())
        FROM profile_merges FINAL
        WHERE refused != ''
        GROUP BY reason
        UNION ALL
        SELECT 'merges_an_hour', 0, formatDateTime(hour, '%F %H:00', '{timezone}'), toFloat64(merges)
        FROM
        (
            SELECT toStartOfHour(merged_at, '{timezone}') AS hour, count() AS merges
            FROM profile_merges FINAL
            WHERE refused = '' AND occurrence = 0
            GROUP BY hour
            ORDER BY hour DESC
            LIMIT 48
        )
        UNION ALL
        SELECT if(reason = 'split', 'splits', 'erasures'), 0, '', toFloat64(count())
        FROM profile_merges FINAL
        WHERE refused = '' AND reason IN ('split', 'erased')
        GROUP BY reason
    )
SELECT measure, label, value
FROM measures
ORDER BY measure, position, label;
