-- Question: Which variant of a step does best: plain or with an offer, this text or that?
-- Grain: a campaign, a step, a variant, what is measured (metric) and a currency; of customers of treatment whose first
--   decision about the step fell on the days from `from` to `to`.
-- Columns:
--   campaign_id [key]: the campaign
--   step [key]: the step
--   variant [key]: the variant, as drawn for the customer, whatever became of the message
--   metric [key, one_of conversion|revenue|margin]: as in v_uplift, since the first decision about the step
--   currency [key]: of revenue and margin; empty for conversion
--   customers [count]: customers with this variant; those with two, as after a merge, are in none
--   mean [number]: a customer, all who bought nothing included
--   mean_low [number]: lower end of its 95 % interval
--   mean_high [number]: upper end
--   baseline [not_null]: the variant that this one is compared with: the first by name; its own row compares nothing
--   difference [number]: mean less that of the baseline
--   low [number]: lower end of its 95 % interval, for one look at a time set beforehand
--   high [number]: upper end
--   p_value [rate]: how often chance alone shows such a difference, at one look
--   always_low [number]: lower end of the 95 % interval that holds at every look
--   always_high [number]: upper end
--   chance_to_beat [rate]: probability that this variant is better than the baseline, for who knew nothing before
-- Notes: Both variants wrote to their customers: what writing brings at all says v_uplift. The more variants and
--   campaigns, the more differences chance shows.
-- Source: as v_uplift: Welch 1947, Waudby-Smith et al. 2024, Hill 1970.
CREATE OR REPLACE VIEW v_variants AS
WITH
    people AS
    (
        SELECT
            campaign_id, step, variant, arraySum(one -> one.orders, bought) > 0 AS converted,
            arrayJoin(arrayConcat(
                [('', '', 0.)],
                if(converted, [('conversion', '', 1.)], []),
                arrayMap(one -> ('revenue', one.currency, toFloat64(one.revenue)), bought),
                arrayMap(one -> ('margin', one.currency, one.margin), arrayFilter(one -> one.margins > 0, bought))
            )) AS entry
        FROM experiment_outcomes
        WHERE by_step AND arm = 'treatment' AND variant != '' AND NOT contaminated
            AND toDate(first_at, '{timezone}') BETWEEN {from:Date} AND {to:Date}
    ),
    cells AS
    (
        SELECT
            campaign_id, step, variant, entry.1 AS metric, entry.2 AS currency, toFloat64(count()) AS number,
            sum(entry.3) AS s, sum(entry.3 * entry.3) AS q
        FROM people
        GROUP BY campaign_id, step, variant, metric, currency
    ),
    steps AS
    (
        SELECT
            campaign_id, step, arraySort(groupArrayIf((variant, number), metric = '')) AS sizes,
            groupArrayIf((metric, currency, variant, s, q), metric != '') AS sums,
            arrayJoin(arrayDistinct(arrayConcat([('conversion', '')], arrayMap(one -> (one.1, one.2), sums)))) AS what
        FROM cells
        GROUP BY campaign_id, step
    ),
    moments AS
    (
        -- (variant, customers, mean, sample variance) of each, the baseline first.
        SELECT
            campaign_id, step, what.1 AS metric, what.2 AS currency,
            arrayMap(
                size -> (size.1, size.2, arrayFirst(
                    one -> one.1 = metric AND one.2 = currency AND one.3 = size.1, sums
                )),
                sizes
            ) AS found,
            arrayMap(
                one -> (
                    one.1, one.2, one.3.4 / one.2,
                    if(one.2 > 1, greatest(0, one.3.5 - one.3.4 * one.3.4 / one.2) / (one.2 - 1), 0)
                ),
                found
            ) AS variants
        FROM steps
    ),
    pairs AS
    (
        SELECT
            campaign_id, step, metric, currency, variants[1].1 AS baseline, variants[1].2 AS n0, variants[1].3 AS mean0,
            variants[1].4 AS v0, one.1 AS variant, one.2 AS n, one.3 AS mean, one.4 AS v,
            variant != baseline AND least(n, n0) >= 2 AS compared
        FROM moments
        ARRAY JOIN variants AS one
    ),
    errors AS
    (
        SELECT
            *, if(n > 1 AND v > 0, sqrt(v / n), NULL) AS own, n - 1 AS own_freedom,
            if(compared AND v / n + v0 / n0 > 0, sqrt(v / n + v0 / n0), NULL) AS error,
            pow(v / n + v0 / n0, 2) / nullIf(pow(v / n, 2) / nullIf(n - 1, 0) + pow(v0 / n0, 2) / nullIf(n0 - 1, 0), 0) AS freedom,
            -- Of variants in which nothing varies there is no interval.
            if(error IS NULL, NULL, greatest(
                error, sqrt((v * (n - 1) + v0 * (n0 - 1)) / nullIf(n + n0 - 2, 0) * (1 / n + 1 / n0))
            )) AS always_error,
            (n + n0) * (-2 * log(0.05) + log(-2 * log(0.05) + 1)) / 5000 AS seen
        FROM pairs
    ),
    statistics AS
    (
        SELECT
            *,
            -- Logarithm of Student's quantile at 97.5 %: a polynomial in 1 / freedom, fitted from 1 degree on.
            arrayMap(
                f -> exp(arraySum((term, power) -> term * pow(1 / f, power), [
                    0.672926087597, 1.210367555533, 0.707453043602, 0.154479429802, -0.253660980447, 0.020621580448,
                    -0.081844189043, 0.307606529095, -0.311285341333, 0.140236501399, -0.024809780895
                ], range(11))),
                [own_freedom, ifNull(freedom, nan)]
            ) AS quantiles,
            (mean - mean0) / error AS statistic,
            sqrt((freedom - 0.5) * log1p(statistic * statistic / freedom)) AS w,
            48 * pow(freedom - 0.5, 2) AS b,
            sqrt(2 * (seen + 1) / seen * log(sqrt(seen + 1) / 0.05)) AS width
        FROM errors
    )
SELECT
    campaign_id,
    step,
    variant,
    metric,
    currency,
    toUInt64(n) AS customers,
    mean,
    mean - quantiles[1] * own AS mean_low,
    mean + quantiles[1] * own AS mean_high,
    baseline,
    if(compared, mean - mean0, NULL) AS difference,
    difference - quantiles[2] * error AS low,
    difference + quantiles[2] * error AS high,
    erfc((w + (pow(w, 3) + 3 * w) / b
        - (4 * pow(w, 7) + 33 * pow(w, 5) + 240 * pow(w, 3) + 855 * w) / (10 * b * (b + 0.8 * pow(w, 4) + 100))) / sqrt(2)
    ) AS p_value,
    difference - width * always_error AS always_low,
    difference + width * always_error AS always_high,
    erfc(-statistic / sqrt(2)) / 2 AS chance_to_beat
FROM statistics
ORDER BY campaign_id, step, metric, currency, variant;
