-- Question: Where do customers give and withdraw consent, and after which campaign do they say no?
-- Grain: a channel, a topic and a campaign; over the days from `from` to `to`, both included, in
--   the shop's time zone.
-- Columns:
--   channel [key]: channel that the word was about; `*`: all of them, of a topic
--   topic [key]: topic that it was about; empty: the channel as a whole
--   campaign_id [key]: of a no, the campaign of the last message to that customer on that channel before it; empty where there
--     was none, and of a yes
--   withdrawals [count]: times that a customer said no and had not said it before, complaints included
--   complaints [count]: times that a customer complained (marked as spam)
--   grants [count]: times that a customer said yes and had not said it before
--   customers [count]: customers of today who said no
-- Notes: A word that repeats the one before changes nothing and does not count. A no without a channel is one to each
--   channel that we write on. Of traits only a no counts here. That a message was the last before a no does not say that the customer
--   said no because of it.
CREATE OR REPLACE VIEW v_consent AS
SELECT
    channel,
    topic,
    campaign_id,
    countIf(withdrawn) AS withdrawals,
    countIf(complained) AS complaints,
    countIf(granted) AS grants,
    uniqExactIf(current_id, NOT granted) AS customers
FROM consent_changes
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY channel, topic, campaign_id
ORDER BY withdrawals DESC, channel, topic, campaign_id;
