-- Question: Which few channels bring most of the revenue?
-- Grain: a channel and a currency; over the days from `from` to `to`.
-- Columns:
--   position [key]: 1 for the channel that takes the most revenue in that currency
--   channel [not_null]: channel
--   orders [count]: orders placed on the channel, less cancelled ones
--   revenue [money]: value of the orders placed on the channel, less refunds (unit: currency)
--   share [rate]: revenue / revenue of all channels
--   cumulative_share [rate]: share of this channel and of all before it
--   credited_position [not_null]: 1 for the channel that is credited with the most revenue in that currency
--   credited_revenue [money]: revenue that the channel has led to, by the last touch that is not direct (unit: currency)
--   credited_share [rate]: credited_revenue / that of all channels
--   credited_cumulative_share [rate]: credited_share of this channel and of all before it by credited_position
--   currency [key]: of the money beside it; empty where the orders name none
-- Notes: Two questions that a shop asks: where customers pay (revenue) and what brought them (credited_revenue, model
--   last_non_direct of v_attribution). Ads and messages take no orders themselves. A channel from which more was paid
--   back than came in has the share 0; equal revenue is ordered by name.
-- Source: Pareto chart with a cumulative line: J. M. Juran, Quality Control Handbook (1951).
CREATE OR REPLACE VIEW v_pareto AS
WITH
    parts AS
    (
        SELECT
            coin, part.1 AS place, part.2 AS sold, part.3 AS credited, part.4 AS counted
        FROM
        (
            SELECT
                toString(currency) AS coin,
                arrayJoin(arrayConcat(
                    [(toString(channel), value, toDecimal128(0, 6), toInt64(orders))],
                    arrayMap(
                        one -> (one.1, toDecimal128(0, 6), one.2, toInt64(0)),
                        CAST(
                            JSONExtract(credited, 'last_non_direct', 'Map(String, Decimal(38, 6))'),
                            'Array(Tuple(String, Decimal(38, 6)))'
                        )
                    )
                )) AS part
            FROM current_conversions
            WHERE toDate(at, '{timezone}') BETWEEN {from:Date} AND {to:Date}
        )
    ),
    totals AS
    (
        SELECT
            coin, place, sum(sold) AS taken, sum(parts.credited) AS led, sum(parts.counted) AS placed,
            greatest(taken, 0) AS weight, greatest(led, 0) AS led_weight
        FROM parts
        GROUP BY coin, place
        HAVING taken != 0 OR led != 0 OR placed != 0
    )
SELECT
    row_number() OVER (PARTITION BY coin ORDER BY taken DESC, place) AS position,
    place AS channel,
    toUInt64(greatest(placed, 0)) AS orders,
    taken AS revenue,
    toFloat64(weight) / nullIf(toFloat64(sum(weight) OVER (PARTITION BY coin)), 0) AS share,
    toFloat64(sum(weight) OVER (PARTITION BY coin ORDER BY taken DESC, place))
        / nullIf(toFloat64(sum(weight) OVER (PARTITION BY coin)), 0) AS cumulative_share,
    row_number() OVER (PARTITION BY coin ORDER BY led DESC, place) AS credited_position,
    led AS credited_revenue,
    toFloat64(led_weight) / nullIf(toFloat64(sum(led_weight) OVER (PARTITION BY coin)), 0) AS credited_share,
    toFloat64(sum(led_weight) OVER (PARTITION BY coin ORDER BY led DESC, place))
        / nullIf(toFloat64(sum(led_weight) OVER (PARTITION BY coin)), 0) AS credited_cumulative_share,
    coin AS currency
FROM totals
ORDER BY currency, position;
