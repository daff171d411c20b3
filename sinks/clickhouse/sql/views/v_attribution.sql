-- Which channels bring the orders? One row an attribution model and channel.
--   model             first, last, last_non_direct, linear, time_decay, position
--   conversions       orders credited to the channel; an order that several share counts in parts
--   revenue           their value, shared in the same way, all currencies added as they are
-- Within a model, both add up to all orders that had a touch.
CREATE OR REPLACE VIEW v_attribution AS
SELECT
    model,
    channel,
    round(sum(share), 6) AS conversions,
    round(sum(share * toFloat64(value)), 6) AS revenue
FROM
(
    SELECT
        value,
        arrayJoin(JSONExtract(credits, 'Map(String, Map(String, Float64))')) AS entry,
        entry.1 AS model,
        arrayJoin(entry.2) AS part,
        part.1 AS channel,
        part.2 AS share
    FROM current_conversions
)
GROUP BY model, channel
ORDER BY model, channel;
