-- Orders credited to a message of a campaign, not yet added up, less what was refunded or cancelled since: on the day the
-- message was sent (in the shop's time zone), so that they stand beside it.
CREATE OR REPLACE VIEW campaign_money AS
SELECT
    toDate(if(noted.message_id = '', at, noted.decided_at), '{timezone}') AS day,
    recovered_campaign AS campaign_id,
    recovered_step AS step,
    noted.variant AS variant,
    currency,
    toInt64(orders) AS conversions,
    value AS revenue
FROM current_conversions
LEFT ANY JOIN (SELECT message_id, variant, decided_at FROM messages FINAL) AS noted ON noted.message_id = recovered_message_id
WHERE recovered_campaign != '';
