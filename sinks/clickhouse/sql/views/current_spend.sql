-- Spending with its day in the shop's time zone, each event once, also where it came again after a merge.
CREATE OR REPLACE VIEW current_spend AS
SELECT
    toDate(event_time, '{timezone}') AS day, channel, source, campaign_id, cost, currency, event_time, message_id
FROM spend FINAL
LEFT ANY JOIN (SELECT profile_id AS from_id, current_id AS to_id FROM current_profiles) AS later ON later.from_id = profile_id
LIMIT 1 BY if(to_id = '', profile_id, to_id), event_time, message_id;
