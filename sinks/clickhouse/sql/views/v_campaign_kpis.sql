-- Question: What did each campaign decide, and what came of the messages it sent?
-- Grain: a campaign, a step, a variant and a currency; over the days from `from` to `to`, both included, in the
--   shop's time zone.
-- Columns:
--   campaign_id [key]: the campaign
--   step [key]: its step
--   variant [key]: variant of the step; empty where the decision was taken before one was chosen
--   triggered [count]: cases in which the step was decided for good: sent, held out, suppressed or cancelled
--   sent [count]: messages
--   held_out [count]: left alone on purpose, to compare with
--   suppressed [count]: not sent because something spoke against it; v_decisions has the reasons
--   deferred [count]: put off (quiet hours, say), and decided again later
--   cancelled [count]: not sent because it had become pointless
--   retracted [count]: of those sent, taken back, because a purchase of before came to light
--   delivered [count]: of those sent, those that have come: a delivery was told, or an open, a click or anything else that
--     nobody can do with a message that has not
--   opens [count]: of those sent, those opened by a person at least once
--   clicks [count]: of those sent, those clicked by a person, as the channel or the page they led to (wb_mid) tells
--   bounces [count]: of those sent, those that bounced
--   unsubscribes [count]: of those sent, those that were unsubscribed with or complained of
--   open_rate [rate]: opens / delivered
--   ctr [rate]: clicks / delivered
--   bounce_rate [rate]: bounces / sent
--   unsubscribe_rate [rate]: unsubscribes / delivered
--   conversions [count]: orders of the customer within 7 days of the first message of an abandonment, credited to it;
--     none that was cancelled
--   conversion_rate [rate]: messages that an order is credited to / sent, whatever was paid in
--   revenue [money]: value of those orders, less what was refunded (unit: currency)
--   revenue_per_message [number]: revenue / sent (unit: currency)
--   complaints [count]: of the unsubscribes, complaints
--   customers [count]: customers of today that it was sent to
--   converted [count]: messages that an order is credited to
--   currency [key]: of the orders and the money beside it; empty where nothing was bought, or the orders name none
-- Notes: Decisions count on the day they were taken. Messages count on the day they were sent, with all that has become of
--   them since, orders included. That an order came after a message does not say that it came because of it: v_uplift compares
--   with those left alone.
CREATE OR REPLACE VIEW v_campaign_kpis AS
WITH
    totals AS
    (
        SELECT
            campaign_id, step, variant, sum(d.triggered) AS triggered, sum(d.sent) AS sent, sum(d.held_out) AS held_out,
            sum(d.suppressed) AS suppressed, sum(d.deferred) AS deferred, sum(d.cancelled) AS cancelled,
            sum(d.retracted) AS retracted, sum(d.delivered) AS delivered, sum(d.opens) AS opens, sum(d.clicks) AS clicks,
            sum(d.bounces) AS bounces, sum(d.unsubscribes) AS unsubscribes, sum(d.complaints) AS complaints,
            sum(d.converted) AS converted, uniqExactMerge(reached) AS customers
        FROM campaign_days AS d
        WHERE day BETWEEN {from:Date} AND {to:Date}
        GROUP BY campaign_id, step, variant
    ),
    earned AS
    (
        SELECT campaign_id, step, variant, currency, sum(m.conversions) AS conversions, sum(m.revenue) AS revenue
        FROM campaign_money AS m
        WHERE day BETWEEN {from:Date} AND {to:Date}
        GROUP BY campaign_id, step, variant, currency
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
    converted / nullIf(sent, 0) AS conversion_rate,
    revenue,
    toFloat64(revenue) / nullIf(sent, 0) AS revenue_per_message,
    complaints,
    customers,
    converted,
    currency
FROM totals
FULL JOIN earned USING (campaign_id, step, variant)
ORDER BY campaign_id, step, variant, currency;
