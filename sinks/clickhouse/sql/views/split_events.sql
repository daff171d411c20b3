-- Events of profiles that were split, each once a profile, with the customer of today as a number (`customer`): each goes where
-- its head went (`went`: 0 where no split took it anywhere), else where merges have taken its profile. These profiles are few:
-- counted_events and v_funnel read the events of all others as they are.
CREATE OR REPLACE VIEW split_events AS
WITH
    (
        SELECT (groupArray(concat(profile_id, head)), groupArray((until, sipHash64(current_id)))) FROM split_heads
    ) AS cuts
SELECT
    divided.* EXCEPT (cut),
    if(event_time <= cut.1, cut.2, 0) AS went,
    multiIf(went != 0, went, later.into != 0, later.into, divided.person) AS customer
FROM
(
    SELECT
        events.*,
        if(
            empty(cuts.1),
            (toDateTime64(0, 3, 'UTC'), toUInt64(0)),
            cuts.2[transform(concat(profile_id, head), cuts.1, range(1, toUInt64(length(cuts.1)) + 1), toUInt64(0))]
        ) AS cut
    FROM events FINAL
    PREWHERE person IN (SELECT sipHash64(profile_id) FROM split_heads)
) AS divided
LEFT ANY JOIN (SELECT sipHash64(profile_id) AS merged, sipHash64(current_id) AS into FROM linked_profiles) AS later
    ON later.merged = divided.person;
