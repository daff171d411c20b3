-- What campaigns decided on each day (in the shop's time zone), and what has become of the messages of that day, by step
-- and variant: v_campaign_daily and v_campaign_kpis are made of it.
CREATE OR REPLACE VIEW campaign_days AS
SELECT
    toDate(decided_at, '{timezone}') AS day,
    campaign_id, step, variant,
    -- Rows about a message that are not its sending came after the case had been decided.
    countIf(outcome != 'deferred' AND (outcome = 'sent' OR message_id = '')) AS triggered,
    countIf(outcome = 'held_out') AS held_out,
    countIf(outcome = 'suppressed' AND message_id = '') AS suppressed,
    countIf(outcome = 'deferred') AS deferred,
    countIf(outcome = 'cancelled' AND message_id = '') AS cancelled,
    countIf(outcome = 'cancelled' AND message_id != '') AS retracted,
    0 AS sent, 0 AS delivered, 0 AS opens, 0 AS clicks, 0 AS bounces, 0 AS unsubscribes, 0 AS complaints, 0 AS converted,
    arrayReduce('uniqExactState', emptyArrayString()) AS reached
FROM decisions FINAL
GROUP BY day, campaign_id, step, variant
UNION ALL
SELECT
    day, campaign_id, step, variant, 0, 0, 0, 0, 0, 0,
    count(), countIf(message_facts.delivered), countIf(opened), countIf(clicked), countIf(bounced), countIf(unsubscribed),
    countIf(complained),
    countIf(message_id IN (
        SELECT recovered_message_id FROM current_conversions
        WHERE recovered_message_id != '' GROUP BY recovered_message_id HAVING sum(orders) > 0
    )),
    uniqExactState(current_id)
FROM message_facts
WHERE ours
GROUP BY day, campaign_id, step, variant;
