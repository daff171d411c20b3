-- What was decided, and why? One row a campaign, step, arm, outcome and reason.
--   decisions         how often; a case that was deferred counts there, and again where it ended. A message that was called
--                     back, because a purchase of before came to light, counts under sent and under cancelled.
--   profiles          customers it was decided for (profiles of today)
--   first_at, last_at when it was decided first and last
CREATE OR REPLACE VIEW v_decisions AS
SELECT
    campaign_id,
    step,
    arm,
    outcome,
    reason,
    count() AS decisions,
    uniqExact(if(merged.current_id = '', decisions.profile_id, merged.current_id)) AS profiles,
    min(decided_at) AS first_at,
    max(decided_at) AS last_at
FROM decisions FINAL
LEFT ANY JOIN current_profiles AS merged ON merged.profile_id = decisions.profile_id
GROUP BY campaign_id, step, arm, outcome, reason
ORDER BY campaign_id, step, arm, decisions DESC, outcome, reason;
