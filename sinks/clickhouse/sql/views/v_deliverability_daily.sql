-- Question: Do the e-mails of each day arrive, mailbox provider by mailbox provider?
-- Grain: a day in the shop's time zone and a domain of recipients.
-- Columns:
--   day [key]: the day the messages were sent
--   domain [key]: domain of the recipients' addresses; the addresses themselves are in no column
--   messages [count]: e-mails: those of our campaigns, and others of which any word has come
--   sent [count]: of them, those of our campaigns
--   delivered [count]: of them, those that have come: a delivery was told, or an open, a click or anything else that nobody can
--     do with a message that has not
--   bounces [count]: of them, those that bounced
--   opens [count]: of them, those opened by a person at least once
--   clicks [count]: of them, those clicked by a person at least once
--   unsubscribes [count]: of them, those that were unsubscribed with or complained of
--   complaints [count]: of them, those marked as spam
--   silent [count]: of them, those of which no word has come
--   bounce_rate [rate]: bounces / messages that came or bounced
--   open_rate [rate]: opens / delivered
--   ctr [rate]: clicks / delivered
--   unsubscribe_rate [rate]: unsubscribes / delivered
--   complaint_rate [rate]: complaints / delivered
-- Notes: An e-mail counts on the day it was sent, one that others sent on that of the first word of it. Mailbox providers
--   stop taking mail in at a complaint rate above 0.003.
-- Source: 0.3 % of complaints: Google's and Yahoo's requirements for senders of 2024 (support.google.com/a/answer/81126,
--   senders.yahooinc.com/best-practices).
CREATE OR REPLACE VIEW v_deliverability_daily AS
SELECT
    day,
    domain,
    count() AS messages,
    countIf(ours) AS sent,
    countIf(message_facts.delivered) AS delivered,
    countIf(bounced) AS bounces,
    countIf(opened) AS opens,
    countIf(clicked) AS clicks,
    countIf(unsubscribed) AS unsubscribes,
    countIf(complained) AS complaints,
    countIf(NOT message_facts.delivered AND NOT bounced) AS silent,
    bounces / nullIf(countIf(message_facts.delivered OR bounced), 0) AS bounce_rate,
    opens / nullIf(delivered, 0) AS open_rate,
    clicks / nullIf(delivered, 0) AS ctr,
    unsubscribes / nullIf(delivered, 0) AS unsubscribe_rate,
    complaints / nullIf(delivered, 0) AS complaint_rate
FROM message_facts
WHERE channel = 'email' AND domain != ''
GROUP BY day, domain
ORDER BY day, messages DESC, domain;
