-- Question: Did people do more in the half hour after a spot on TV, radio or a billboard than in the one before?
-- Grain: a spot (Spot Aired).
-- Columns:
--   day [not_null]: day of the spot, in the shop's time zone
--   aired_at [key]: when it was aired (UTC)
--   spot_id [key]: messageId of the event Spot Aired
--   region [key]: region it was aired in, in lower case; empty: everywhere
--   campaign_id [not_null]: its campaign; empty where nobody said
--   medium [not_null]: tv, radio, billboard, as the event says; empty where nobody said
--   before [count]: events of people in the region in the 30 minutes before the spot
--   after [count]: the same, in the 30 minutes from the spot on
--   before_per_minute [number]: before / 30
--   after_per_minute [number]: after / 30
--   difference_per_minute [number]: after_per_minute - before_per_minute
--   difference_low [number]: lower end of its 95 % interval
--   difference_high [number]: upper end
--   ratio [number]: after / before
--   ratio_low [number]: lower end of its 95 % interval
--   ratio_high [number]: upper end; NULL where nothing happened before
--   elsewhere_before [count]: events of people in other regions before; 0 for a spot that was aired everywhere
--   elsewhere_after [count]: the same, after
--   ratio_to_elsewhere [number]: ratio / (elsewhere_after / elsewhere_before)
--   ratio_to_elsewhere_low [number]: lower end of its 95 % interval
--   ratio_to_elsewhere_high [number]: upper end; NULL, as the two others, where one of the four counts is 0
-- Notes: Events of people on web, app, store, marketplace, messenger, search, social and callcenter. Their region is
--   country, region or city of context.location, else the country of context.locale (column regions). A spot's region
--   is compared with each of them in any case, so name it as they do: DE, Bavaria, Berlin.
--   Not proof of a cause: the hour of the day changes what people do as well, which ratio_to_elsewhere takes out if the
--   regions have the same rhythm, and spots less than half an hour apart share their minutes. Intervals hold for events
--   that happen one by one; visits bring several at once, so the true ones are wider.
-- Source: Ratio of two Poisson rates by the score interval (Wilson's, of after in both, as odds): P. L. Graham,
--   K. Mengersen, A. P. Morton, Confidence limits for the ratio of two rates based on likelihood scores, Statistics in
--   Medicine 22 (2003). Difference: normal, variance before + after. Ratio of ratios: B. Woolf, On estimating the
--   relation between blood group and disease, Annals of Human Genetics 19 (1955).
CREATE OR REPLACE VIEW v_broadcast_lift AS
WITH
    1.959963984540054 AS z,
    30 AS minutes,
    spots AS
    (
        SELECT
            profile_id AS spot_profile,
            event_time AS aired,
            message_id AS spot,
            toString(campaign_id) AS campaign,
            trimBoth(JSONExtractString(properties, 'medium')) AS medium,
            lowerUTF8(trimBoth(JSONExtractString(properties, 'region'))) AS place
        FROM events
        WHERE type = 'track' AND name = 'Spot Aired'
        LIMIT 1 BY spot_profile, aired, spot
    ),
    minutes_near AS
    (
        -- What is counted beside a spot: events in its region (everywhere, if it names none), and all whose region is known.
        SELECT
            spot_profile, aired, spot, arrayJoin([('in', place), ('known', '')]) AS what,
            toStartOfMinute(aired) + toIntervalMinute(arrayJoin(range(0, 61)) - 30) AS minute
        FROM spots
    ),
    tally AS
    (
        SELECT
            toStartOfMinute(event_time) AS minute,
            arrayJoin(arrayConcat(
                [('in', '')], arrayMap(one -> ('in', toString(one)), regions),
                if(empty(regions), [], [('known', '')])
            )) AS what,
            -- Each event once, also where it stands twice or came in again after a merge.
            groupUniqArray((
                event_time, sipHash64(if(later.to_id = '', profile_id, later.to_id), event_time, message_id)
            )).1 AS times
        FROM
        (
            SELECT event_time, message_id, regions, profile_id
            FROM events
            WHERE channel IN ('web', 'app', 'store', 'marketplace', 'messenger', 'search', 'social', 'callcenter')
                AND toStartOfMinute(event_time) IN (SELECT minute FROM minutes_near)
                AND device != 'machine' AND notEmpty(head_type)
        ) AS known
        LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM linked_profiles) AS later
            ON later.from_id = known.profile_id
        WHERE what = ('known', '') OR what.2 IN (SELECT place FROM spots)
        GROUP BY minute, what
    ),
    seen AS
    (
        SELECT
            spot_profile,
            aired,
            spot,
            sum(arrayCount(at -> at < aired AND at >= aired - toIntervalMinute(30), times)) AS early,
            sum(arrayCount(at -> at >= aired AND at < aired + toIntervalMinute(30), times)) AS late,
            what.1 = 'known' AS all_known
        FROM minutes_near
        INNER JOIN tally ON tally.minute = minutes_near.minute AND tally.what = minutes_near.what
        GROUP BY spot_profile, aired, spot, all_known
    ),
    counts AS
    (
        SELECT
            spot_profile, aired, spot,
            sumIf(early, NOT all_known) AS b, sumIf(late, NOT all_known) AS a,
            sumIf(early, all_known) AS known_b, sumIf(late, all_known) AS known_a
        FROM seen
        GROUP BY spot_profile, aired, spot
    )
SELECT
    toDate(spots.aired, '{timezone}') AS day,
    spots.aired AS aired_at,
    spots.spot AS spot_id,
    place AS region,
    campaign AS campaign_id,
    medium,
    counts.b AS before,
    counts.a AS after,
    before / minutes AS before_per_minute,
    after / minutes AS after_per_minute,
    after_per_minute - before_per_minute AS difference_per_minute,
    difference_per_minute - z * sqrt(before + after) / minutes AS difference_low,
    difference_per_minute + z * sqrt(before + after) / minutes AS difference_high,
    after / nullIf(before, 0) AS ratio,
    -- Ends of theta in (after - before x theta)^2 = z^2 x theta x (before + after).
    2 * pow(after, 2) / nullIf(
        2. * before * after + z * z * (before + after)
            + z * sqrt((before + after) * (z * z * (before + after) + 4. * before * after)), 0
    ) AS ratio_low,
    (
        2. * before * after + z * z * (before + after)
            + z * sqrt((before + after) * (z * z * (before + after) + 4. * before * after))
    ) / nullIf(2 * pow(before, 2), 0) AS ratio_high,
    if(place = '', 0, known_b - before) AS elsewhere_before,
    if(place = '', 0, known_a - after) AS elsewhere_after,
    nullIf(1. * after * elsewhere_before, 0) / nullIf(1. * before * elsewhere_after, 0) AS ratio_to_elsewhere,
    ratio_to_elsewhere * exp(-z * sqrt(1 / after + 1 / before + 1 / elsewhere_after + 1 / elsewhere_before))
        AS ratio_to_elsewhere_low,
    ratio_to_elsewhere * exp(z * sqrt(1 / after + 1 / before + 1 / elsewhere_after + 1 / elsewhere_before))
        AS ratio_to_elsewhere_high
FROM spots
LEFT ANY JOIN counts
    ON counts.spot_profile = spots.spot_profile AND counts.aired = spots.aired AND counts.spot = spots.spot
ORDER BY aired_at, spot_id, region;
