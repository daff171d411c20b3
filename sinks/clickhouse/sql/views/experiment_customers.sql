-- Who was drawn into which arm of which campaign: one row a campaign and customer (profile of today), by the first
-- decision about the customer, whatever its outcome, with its time, its arm and the chance with which that was drawn
-- control (NULL where it is not known). These rows have an empty `step`; of each step with variants there is one more,
-- by the first decision about this step, with the variant.
-- `contaminated`: in both arms, as after a merge (or in two variants of the step). Each profile's own draw counts, so
-- who changes arms because the holdout changed stays in the arm of the first decision.
-- Left out are rows that drew nothing: of messages taken back, and of campaigns that were in the file no more.
-- `person` is the hash of `customer`. `by_step` is 1 where `step` is one: asked by it, rows of no interest are left out early.
CREATE OR REPLACE VIEW experiment_customers AS
WITH
    drawn AS
    (
        -- Texts as numbers first: each is written down once in these columns.
        SELECT
            campaign_id, step, variant, arm, control_share, decided_at, decision_id, reason = 'contaminated' AS told,
            decisions.profile_id AS profile,
            if(merged.current_id = '', decisions.profile_id, merged.current_id) AS customer,
            sipHash64(customer) AS person, sipHash64(campaign_id) AS campaign_number, sipHash64(step) AS step_number,
            sipHash64(variant) AS variant_number, sipHash64(arm) AS arm_number
        FROM decisions FINAL
        LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = decisions.profile_id
        WHERE NOT (outcome = 'cancelled' AND (message_id != '' OR (reason = 'exited' AND control_share IS NULL)))
    ),
    entries AS
    (
        SELECT
            drawn.*,
            arrayJoin(if(variant = '', [0], [0, 1])) AS with_variant,
            toUInt8(with_variant AND step != '') AS by_step,
            sipHash64(person, campaign_number, if(by_step, step_number, 0)) AS number,
            sipHash64(arm_number, if(with_variant, variant_number, 0), ifNull(control_share, -1)) AS draw
        FROM drawn
    ),
    -- Of nearly all customers every decision says the same. Of the others alone it has to be asked which came first.
    (
        SELECT groupArray((number, whose))
        FROM (SELECT number, any(person) AS whose FROM entries GROUP BY number HAVING min(draw) != max(draw))
    ) AS unlike,
    asked AS
    (
        SELECT
            by_step, any(campaign_id) AS campaign, any(toString(step)) AS of_step, any(customer) AS customer_id, any(person) AS hash,
            arraySort(groupArray((
                decided_at, decision_id, profile, toString(arm), if(with_variant, toString(variant), ''), control_share, told
            ))) AS made,
            made[1] AS first,
            -- By profile: each was drawn by itself, and once a chance.
            arrayMap(who -> arrayFilter(one -> one.3 = who, made), arrayDistinct(made.3)) AS profiles
        FROM entries
        WHERE person IN (SELECT arrayJoin(unlike.2)) AND number IN (SELECT arrayJoin(unlike.1))
        GROUP BY by_step, number
    )
SELECT
    any(entries.campaign_id) AS campaign_id,
    if(by_step, any(toString(entries.step)), '') AS step,
    any(entries.customer) AS customer,
    any(toString(entries.arm)) AS arm,
    if(any(with_variant), any(toString(entries.variant)), '') AS variant,
    any(entries.control_share) AS control_share,
    min(decided_at) AS first_at,
    max(told) AS contaminated,
    by_step,
    any(entries.person) AS person
FROM entries
WHERE number NOT IN (SELECT arrayJoin(unlike.1))
GROUP BY by_step, number
UNION ALL
SELECT
    campaign, if(by_step, of_step, ''), customer_id, first.4, first.5, first.6, first.1,
    arrayMax(made.7) OR length(arrayDistinct(arrayMap(one -> (one[1].4, one[1].5), profiles))) > 1
        OR arrayExists(
            one -> length(arrayDistinct(arrayMap(draw -> (ifNull(draw.6, -1), draw.4), one)))
                > length(arrayDistinct(arrayMap(draw -> ifNull(draw.6, -1), one))),
            profiles
        ),
    by_step, hash
FROM asked;
