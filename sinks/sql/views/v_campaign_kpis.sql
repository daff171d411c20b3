-- What did each campaign decide, and what came of the messages it sent? One row a campaign, step and variant.
--   triggered         cases that were decided for good: sent, held out, suppressed or cancelled
--   sent              messages; held_out are those left alone on purpose, to compare with
--   deferred          put off (quiet hours, say), and decided again later
--   delivered, opens, clicks, unsubscribes
--                     messages with such feedback at least once, by the message they name
--   open_rate         opens / delivered
--   ctr               clicks / delivered
--   conversions       orders of the customer within 7 days of the first message of an abandonment, credited to it
--   conversion_rate   conversions / sent
--   revenue           value of those orders, all currencies added as they are
--   revenue_per_message
--                     revenue / sent
-- A rate without anything to divide by is NULL. A decision taken before a variant was chosen has an empty variant.
CREATE OR REPLACE VIEW v_campaign_kpis AS
WITH
    sent_messages AS (SELECT message_id, campaign_id, step, variant FROM messages FINAL),
    feedback AS
    (
        SELECT
            about_message,
            max(name IN ('Email Delivered', 'SMS Delivered', 'Push Notification Received')) AS delivered,
            max(name = 'Email Opened') AS opened,
            max(name IN ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped')) AS clicked,
            max(name = 'Unsubscribed') AS unsubscribed
        FROM events
        WHERE about_message != ''
        GROUP BY about_message
    ),
    parts AS
    (
        SELECT
            campaign_id, step, variant,
            countIf(outcome != 'deferred') AS triggered,
            countIf(outcome = 'held_out') AS held_out,
            countIf(outcome = 'suppressed') AS suppressed,
            countIf(outcome = 'deferred') AS deferred,
            countIf(outcome = 'cancelled') AS cancelled,
            0 AS sent, 0 AS delivered, 0 AS opens, 0 AS clicks, 0 AS unsubscribes,
            0 AS conversions, toDecimal128(0, 6) AS revenue
        FROM decisions FINAL
        GROUP BY campaign_id, step, variant
        UNION ALL
        SELECT
            campaign_id, step, variant, 0, 0, 0, 0, 0,
            count(), sum(delivered), sum(opened), sum(clicked), sum(unsubscribed), 0, toDecimal128(0, 6)
        FROM sent_messages
        LEFT ANY JOIN feedback ON feedback.about_message = sent_messages.message_id
        GROUP BY campaign_id, step, variant
        UNION ALL
        SELECT recovered_campaign, recovered_step, variant, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(), sum(value)
        FROM current_conversions
        LEFT ANY JOIN sent_messages ON sent_messages.message_id = recovered_message_id
        WHERE recovered_campaign != ''
        GROUP BY recovered_campaign, recovered_step, variant
    ),
    totals AS
    (
        SELECT
            campaign_id, step, variant, sum(triggered) AS triggered, sum(sent) AS sent, sum(held_out) AS held_out,
            sum(suppressed) AS suppressed, sum(deferred) AS deferred, sum(cancelled) AS cancelled,
            sum(delivered) AS delivered, sum(opens) AS opens, sum(clicks) AS clicks, sum(unsubscribes) AS unsubscribes,
            sum(conversions) AS conversions, sum(revenue) AS revenue
        FROM parts
        GROUP BY campaign_id, step, variant
    )
SELECT
    campaign_id,
    step,
    variant,
    triggered,
    sent,
    held_out,
    suppressed,
    deferred,
    cancelled,
    delivered,
    opens,
    clicks,
    opens / nullIf(delivered, 0) AS open_rate,
    clicks / nullIf(delivered, 0) AS ctr,
    unsubscribes,
    conversions,
    conversions / nullIf(sent, 0) AS conversion_rate,
    revenue,
    toFloat64(revenue) / nullIf(sent, 0) AS revenue_per_message
FROM totals
ORDER BY campaign_id, step, variant;
