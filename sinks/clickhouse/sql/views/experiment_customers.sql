-- Who was drawn into which arm of which campaign: one row a campaign and customer (profile of today), by the first
-- decision about the customer, whatever its outcome, with its time, its arm and the chance with which that was drawn
-- control (NULL where it is not known). These rows have an empty `step`; of each step with variants there is one more,
-- by the first decision about this step, with the variant.
-- `contaminated`: in both arms, as after a merge (or in two variants of the step). Each profile's own draw counts, so
-- who changes arms because the holdout changed stays in the arm of the first decision.
-- Left out are rows that drew nothing: of messages taken back, and of campaigns that were in the file no more.
CREATE OR REPLACE VIEW experiment_customers AS
WITH
    entries AS
    (
        SELECT
            campaign_id, toString(arm) AS arm, control_share, decided_at, decision_id, reason = 'contaminated' AS told,
            decisions.profile_id AS profile,
            if(merged.current_id = '', decisions.profile_id, merged.current_id) AS customer,
            arrayJoin(if(variant = '', [('', '')], [('', ''), (toString(step), toString(variant))])) AS entry,
            entry.1 AS of_step,
            entry.2 AS lot
        FROM decisions FINAL
        LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = decisions.profile_id
        WHERE NOT (outcome = 'cancelled' AND (message_id != '' OR (reason = 'exited' AND control_share IS NULL)))
    ),
    mixed AS
    (
        -- Only of these few it has to be asked by which profile and chance they were drawn.
        SELECT campaign_id, of_step, customer
        FROM entries
        GROUP BY campaign_id, of_step, customer
        HAVING min(arm) != max(arm) OR min(lot) != max(lot)
    ),
    profiles_drawn AS
    (
        SELECT
            campaign_id, of_step, customer, argMin((arm, lot), (decided_at, decision_id)) AS first,
            length(groupUniqArray((ifNull(control_share, -1), arm))) > length(groupUniqArray(ifNull(control_share, -1))) AS both
        FROM entries
        WHERE (campaign_id, of_step, customer) IN mixed
        GROUP BY campaign_id, of_step, customer, profile
    ),
    spoilt AS
    (
        SELECT campaign_id, of_step, customer
        FROM profiles_drawn
        GROUP BY campaign_id, of_step, customer
        HAVING max(both) OR uniqExact(first) > 1
    ),
    firsts AS
    (
        SELECT
            campaign_id, of_step, customer, argMin((arm, lot, control_share), (decided_at, decision_id)) AS first,
            min(decided_at) AS began, max(told) AS said
        FROM entries
        GROUP BY campaign_id, of_step, customer
    )
SELECT
    campaign_id,
    of_step AS step,
    customer,
    first.1 AS arm,
    first.2 AS variant,
    first.3 AS control_share,
    began AS first_at,
    said OR (campaign_id, of_step, customer) IN spoilt AS contaminated
FROM firsts;
