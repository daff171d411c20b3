-- Who was drawn into which arm of which campaign: one row a campaign and customer (profile of today), by the first
-- decision about the customer, whatever its outcome, with its time, its arm and the chance with which that was drawn
-- control (NULL where it is not known). These rows have an empty `step`; of each step with variants there is one more,
-- by the first decision about this step, with the variant.
-- `contaminated`: in both arms, as after a merge (or in two variants of the step). Each profile's own draw counts, so
-- who changes arms because the holdout changed stays in the arm of the first decision.
-- Left out are rows that drew nothing: of messages taken back, and of campaigns that were in the file no more.
CREATE OR REPLACE VIEW experiment_customers AS
WITH
    drawn AS
    (
        SELECT
            campaign_id, arrayJoin(if(variant = '', [''], ['', toString(step)])) AS of_step,
            if(merged.current_id = '', decisions.profile_id, merged.current_id) AS customer,
            decisions.profile_id AS profile, control_share, uniqExact(arm) AS arms,
            argMin((toString(arm), if(of_step = '', '', toString(variant))), (decided_at, decision_id)) AS lot,
            min((decided_at, decision_id)) AS moment, max(reason = 'contaminated') AS told
        FROM decisions FINAL
        LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = decisions.profile_id
        WHERE NOT (outcome = 'cancelled' AND (message_id != '' OR (reason = 'exited' AND control_share IS NULL)))
        GROUP BY campaign_id, of_step, customer, profile, control_share
    ),
    profiles_drawn AS
    (
        SELECT
            campaign_id, of_step, customer, profile, max(arms > 1) AS mixed, max(told) AS said,
            argMin(tuple(lot, control_share), moment) AS first, min(moment) AS began
        FROM drawn
        GROUP BY campaign_id, of_step, customer, profile
    )
SELECT
    campaign_id,
    of_step AS step,
    customer,
    argMin(first, began).1.1 AS arm,
    argMin(first, began).1.2 AS variant,
    argMin(first, began).2 AS control_share,
    min(began).1 AS first_at,
    max(mixed) OR max(said) OR uniqExact(first.1) > 1 AS contaminated
FROM profiles_drawn
GROUP BY campaign_id, of_step, customer;
