-- Question: What did stitching do on each day?
-- Grain: a day in the shop's time zone, a measure and what of it.
-- Columns:
--   day [key]: the day of the events that brought it about
--   measure [key, one_of merges|refused_links|splits|erasures]: merges of profiles, links that were not made (a device that
--     changed hands included), splits, erasures
--   label [key]: of a refused link the rule that refused it; else empty
--   value [count]: how many
CREATE OR REPLACE VIEW v_identity_health_daily AS
SELECT
    toDate(merged_at, '{timezone}') AS day,
    multiIf(
        refused != '', 'refused_links', occurrence = 0, 'merges', profile_merges.reason = 'split', 'splits', 'erasures'
    ) AS measure,
    if(refused = '', '', toString(profile_merges.reason)) AS label,
    count() AS value
FROM profile_merges FINAL
WHERE refused != '' OR occurrence = 0 OR profile_merges.reason IN ('split', 'erased')
GROUP BY day, measure, label
ORDER BY day, measure, label;
