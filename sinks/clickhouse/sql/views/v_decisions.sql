-- Question: What was decided on each day, and why?
-- Grain: a day in the shop's time zone, a campaign, a step, an arm, an outcome and a reason.
-- Columns:
--   day [key]: the day of the decisions
--   campaign_id [key]: the campaign
--   step [key]: its step
--   arm [key, one_of treatment|control|]: the arm of the experiment that the customer is in
--   outcome [key, one_of sent|held_out|suppressed|deferred|cancelled]: what was decided
--   reason [key]: why; empty where something was sent or held out
--   decisions [count]: how often
--   profiles [count]: customers of today that it was decided for
--   first_at [not_null]: when it was decided first (UTC)
--   last_at [not_null]: when it was decided last (UTC)
-- Notes: A case that was deferred counts there, and again where it ended. A message that was called back, because a purchase
--   of before came to light, counts under sent and under cancelled.
CREATE OR REPLACE VIEW v_decisions AS
SELECT
    toDate(decided_at, '{timezone}') AS day,
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
GROUP BY day, campaign_id, step, arm, outcome, reason
ORDER BY day, campaign_id, step, arm, decisions DESC, outcome, reason;
