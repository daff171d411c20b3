-- What did each campaign decide, and what came of the messages it sent? One row a campaign, step, variant and
-- currency; all but the columns from conversions on are those of campaign, step and variant in each of these rows.
--   triggered         cases in which the step was decided for good: sent, held out, suppressed or cancelled
--   sent              messages; held_out are those left alone on purpose, to compare with
--   suppressed, cancelled
--                     not sent because something spoke against it, or because it had become pointless; v_decisions
--                     has the reasons
--   deferred          put off (quiet hours, say), and decided again later
--   retracted         of those sent: taken back, because a purchase of before came to light
--   delivered, opens, clicks, bounces, unsubscribes
--                     messages with such feedback at least once. A click is told by the channel or by the page it led
--                     to (wb_mid). What machines open and click does not count; a complaint counts as an unsubscribe.
--   open_rate         opens / delivered
--   ctr               clicks / delivered
--   bounce_rate       bounces / sent
--   unsubscribe_rate  unsubscribes / delivered
--   currency          of the money beside it; empty where nothing was bought, or the orders name none
--   conversions       orders of the customer within 7 days of the first message of an abandonment, credited to it
--   conversion_rate   conversions / sent
--   revenue           value of those orders, less what was refunded or cancelled
--   revenue_per_message
--                     revenue / sent
-- A rate without anything to divide by is NULL. A decision taken before a variant was chosen has an empty variant.
CREATE OR REPLACE VIEW v_campaign_kpis AS
WITH
    sent_messages AS (SELECT message_id, campaign_id, step, variant FROM messages FINAL),
    feedback AS
    (
        SELECT
            if(about_message = '', clicked_message, about_message) AS about,
            max(name IN ('Email Delivered', 'SMS Delivered', 'Push Notification Received')) AS delivered,
            max(name = 'Email Opened' AND NOT machine) AS opened,
            max(
                NOT machine
                AND (name IN ('Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped') OR about_message = '')
            ) AS clicked,
            max(name IN ('Email Bounced', 'SMS Failed', 'Push Notification Bounced')) AS bounced,
            max(name IN ('Unsubscribed', 'Email Marked as Spam')) AS unsubscribed
        FROM events
        WHERE about_message != '' OR clicked_message != ''
        GROUP BY about
    ),
    parts AS
    (
        SELECT
            campaign_id, step, variant,
            -- Rows about a message that are not its sending came after the case had been decided.
            countIf(outcome != 'deferred' AND (outcome = 'sent' OR message_id = '')) AS triggered,
            countIf(outcome = 'held_out') AS held_out,
            countIf(outcome = 'suppressed' AND message_id = '') AS suppressed,
            countIf(outcome = 'deferred') AS deferred,
            countIf(outcome = 'cancelled' AND message_id = '') AS cancelled,
            countIf(outcome = 'cancelled' AND message_id != '') AS retracted,
            0 AS sent, 0 AS delivered, 0 AS opens, 0 AS clicks, 0 AS bounces, 0 AS unsubscribes,
            '' AS currency, toInt64(0) AS conversions, toDecimal128(0, 6) AS revenue
        FROM decisions FINAL
        GROUP BY campaign_id, step, variant
        UNION ALL
        SELECT
            campaign_id, step, variant, 0, 0, 0, 0, 0, 0,
            count(), sum(delivered), sum(opened), sum(clicked), sum(bounced), sum(unsubscribed), '', 0,
            toDecimal128(0, 6)
        FROM sent_messages
        LEFT ANY JOIN feedback ON feedback.about = sent_messages.message_id
        GROUP BY campaign_id, step, variant
        UNION ALL
        SELECT
            recovered_campaign, recovered_step, variant, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            currency, sum(orders), sum(value)
        FROM current_conversions
        LEFT ANY JOIN sent_messages ON sent_messages.message_id = recovered_message_id
        WHERE recovered_campaign != ''
        GROUP BY recovered_campaign, recovered_step, variant, currency
    ),
    totals AS
    (
        SELECT
            campaign_id, step, variant, sum(triggered) AS triggered, sum(sent) AS sent, sum(held_out) AS held_out,
            sum(suppressed) AS suppressed, sum(deferred) AS deferred, sum(cancelled) AS cancelled,
            sum(retracted) AS retracted, sum(delivered) AS delivered, sum(opens) AS opens, sum(clicks) AS clicks,
            sum(bounces) AS bounces, sum(unsubscribes) AS unsubscribes
        FROM parts
        GROUP BY campaign_id, step, variant
    ),
    earned AS
    (
        SELECT
            campaign_id, step, variant, currency, sum(parts.conversions) AS conversions, sum(parts.revenue) AS revenue
        FROM parts
        GROUP BY campaign_id, step, variant, currency
        -- Without money in it, the row without a currency is there only if it is the only one.
        HAVING conversions != 0 OR revenue != 0
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
    retracted,
    delivered,
    opens,
    clicks,
    bounces,
    unsubscribes,
    opens / nullIf(delivered, 0) AS open_rate,
    clicks / nullIf(delivered, 0) AS ctr,
    bounces / nullIf(sent, 0) AS bounce_rate,
    unsubscribes / nullIf(delivered, 0) AS unsubscribe_rate,
    conversions,
    conversions / nullIf(sent, 0) AS conversion_rate,
    revenue,
    toFloat64(revenue) / nullIf(sent, 0) AS revenue_per_message,
    currency
FROM totals
LEFT JOIN earned USING (campaign_id, step, variant)
ORDER BY campaign_id, step, variant, currency;
