-- Question: What did each campaign cause: what do customers who were treated buy more than those who were held out?
-- Grain: a campaign, what is measured (metric) and a currency; of customers whose first decision fell on the days from
--   `from` to `to`.
-- Columns:
--   campaign_id [key]: the campaign
--   metric [key, one_of conversion|revenue|margin]: conversion is whether a customer ordered after the first decision and
--     within a week (WINBACK_OUTCOME_DAYS); revenue what those orders come to, less refunds and
--     cancellations; margin what they earned, where orders say so
--   currency [key]: of revenue and margin; empty for conversion
--   treatment_customers [count]: customers drawn into treatment, whatever became of the message
--   control_customers [count]: customers drawn into control
--   contaminated [count]: customers in both arms, as after a merge; in neither here
--   apart [count]: customers of times in which all were in one arm; compared with nobody
--   treatment_mean [number]: a customer of treatment, all who bought nothing included
--   control_mean [number]: a customer of control
--   difference [number]: treatment_mean less control_mean: what the campaign caused, a customer
--   low [number]: lower end of its 95 % interval, for one look at a time set beforehand
--   high [number]: upper end
--   p_value [rate]: how often chance alone shows such a difference, at one look
--   lift [number]: difference / control_mean; NULL unless that is above 0
--   lift_low [number]: lower end of its 95 % interval, for one look
--   lift_high [number]: upper end
--   always_low [number]: lower end of the difference's 95 % interval that holds at every look
--   always_high [number]: upper end
--   always_p_value [rate]: p-value of the difference that holds at every look
--   chance_to_beat [rate]: probability that treatment is better, for who knew nothing before
--   detectable [number]: least difference that so many customers would have shown, with power 80 %
--   sample_ratio_expected [number]: customers of control to be expected, by the chance each was drawn with
--   sample_ratio_p_value [rate]: how often chance alone makes arms so unlike it; NULL where no chance is known
--   sample_ratio_alarm [count]: 1 if that is below 0.001: something is broken, and nothing here can be trusted
--   verdict [one_of more|less|not shown|too early|one arm|sample ratio]: more or less where an effect is proven, by
--     always_p_value adjusted for all rows here (Benjamini-Hochberg) up to 0.05; too early: fewer than 10 buyers to be
--     expected in the smaller arm
-- Notes: A customer counts once a campaign, at the first decision, in the arm drawn then. Customers drawn by the same
--   chance (control_share) are a stratum; each stratum is compared with itself, and weighs as much as it has customers.
--   The intervals' quantiles are exact to seven digits; p_value to 6 % of itself from 2 degrees of freedom on, and to 2 %
--   from 3. `winback uplift` has it exact, and CUPED.
-- Source: difference: Welch 1947; strata: Miratrix, Sekhon, Yu 2013; lift: delta method, Deng, Knoblich, Lu 2018; always:
--   Waudby-Smith et al. 2024; sample ratio: Fabijan et al. 2019; detectable: Bloom 1995; Student's t: Abramowitz, Stegun
--   26.7.5 and Hill 1970.
CREATE OR REPLACE VIEW v_uplift AS
WITH
    people AS
    (
        SELECT
            campaign_id, ifNull(control_share, -1) AS share, contaminated, arm = 'treatment' AS treated,
            arraySum(one -> one.orders, bought) > 0 AS converted,
            -- Each customer counts once (an entry without a name), and once for each thing that is measured.
            arrayJoin(arrayConcat(
                [('', '', 0., false)],
                if(converted AND NOT contaminated, [('conversion', '', 1., true)], []),
                arrayMap(
                    one -> ('revenue', one.currency, toFloat64(one.revenue), one.revenue != 0),
                    if(contaminated, [], bought)
                ),
                arrayMap(
                    one -> ('margin', one.currency, one.margin, one.margin != 0),
                    arrayFilter(one -> one.margins > 0 AND NOT contaminated, bought)
                )
            )) AS entry
        FROM experiment_outcomes
        WHERE NOT by_step AND toDate(first_at, '{timezone}') BETWEEN {from:Date} AND {to:Date}
    ),
    cells AS
    (
        SELECT
            campaign_id, share, entry.1 AS metric, entry.2 AS currency,
            toFloat64(countIf(treated AND NOT contaminated)) AS nt,
            toFloat64(countIf(NOT treated AND NOT contaminated)) AS nc, countIf(people.contaminated) AS both,
            sumIf(entry.3, treated) AS st, sumIf(entry.3 * entry.3, treated) AS qt,
            sumIf(entry.3, NOT treated) AS sc, sumIf(entry.3 * entry.3, NOT treated) AS qc,
            countIf(entry.4) AS buyers
        FROM people
        GROUP BY campaign_id, share, metric, currency
    ),
    campaigns AS
    (
        SELECT
            campaign_id,
            groupArrayIf((share, nt, nc, both), metric = '') AS sizes,
            groupArrayIf((metric, currency, share, st, qt, sc, qc, buyers), metric != '') AS sums,
            arraySum(one -> one.4, sizes) AS contaminated,
            arrayFilter(one -> one.1 > 0 AND one.1 < 1, sizes) AS drawn,
            arraySum(one -> one.3, drawn) AS counted,
            arraySum(one -> (one.2 + one.3) * one.1, drawn) AS expected,
            arraySum(one -> (one.2 + one.3) * one.1 * (1 - one.1), drawn) AS variance,
            if(variance > 0, erfc(abs(counted - expected) / sqrt(2 * variance)), NULL) AS ratio_p
        FROM cells
        GROUP BY campaign_id
    ),
    asked AS
    (
        SELECT
            campaign_id, sizes, sums, contaminated, expected, ratio_p,
            arrayJoin(arrayDistinct(arrayConcat([('conversion', '')], arrayMap(one -> (one.1, one.2), sums)))) AS what,
            what.1 AS metric, what.2 AS currency
        FROM campaigns
    ),
    strata AS
    (
        SELECT
            campaign_id, metric, currency, contaminated, expected, ratio_p, size.2 AS nt, size.3 AS nc,
            arrayFirst(one -> one.1 = metric AND one.2 = currency AND one.3 = size.1, sums) AS sum,
            sum.4 AS st, sum.5 AS qt, sum.6 AS sc, sum.7 AS qc, sum.8 AS buyers,
            if(nt > 1, greatest(0, qt - st * st / nt) / (nt - 1), 0) AS vt,
            if(nc > 1, greatest(0, qc - sc * sc / nc) / (nc - 1), 0) AS vc,
            least(nt, nc) >= 2 AS fit,
            if(nt + nc > 2, (vt * (nt - 1) + vc * (nc - 1)) / (nt + nc - 2), 0) AS pooled,
            sumIf(nt + nc, fit) OVER (PARTITION BY campaign_id, metric, currency) AS total,
            if(fit, (nt + nc) / total, 0) AS weight
        FROM asked
        ARRAY JOIN sizes AS size
    ),
    arms AS
    (
        SELECT
            campaign_id, metric, currency, any(strata.contaminated) AS contaminated, any(strata.expected) AS expected,
            any(strata.ratio_p) AS ratio_p, max(fit) AS compared,
            if(compared, sumIf(nt, fit), sum(nt)) AS treatment, if(compared, sumIf(nc, fit), sum(nc)) AS control,
            if(compared, sumIf(nt + nc, NOT fit), 0) AS apart,
            if(compared, sumIf(weight * st / nt, fit), sum(st) / nullIf(treatment, 0)) AS mean_t,
            if(compared, sumIf(weight * sc / nc, fit), sum(sc) / nullIf(control, 0)) AS mean_c,
            sumIf(weight * weight * vt / nt, fit) AS error_t, sumIf(weight * weight * vc / nc, fit) AS error_c,
            sumIf(weight * weight * pooled / nt, fit) AS pooled_t, sumIf(weight * weight * pooled / nc, fit) AS pooled_c,
            sumIf(pow(weight, 4) * (pow(vt / nt, 2) / (nt - 1) + pow(vc / nc, 2) / (nc - 1)), fit) AS spread,
            toFloat64(sumIf(buyers, fit)) AS many,
            if(metric = 'conversion', least(many, treatment + control - many), many) * least(treatment, control)
                >= 10 * (treatment + control) AS enough
        FROM strata
        GROUP BY campaign_id, metric, currency
    ),
    errors AS
    (
        SELECT
            * EXCEPT (spread, pooled_t, pooled_c),
            if(compared AND error_t + error_c > 0, sqrt(error_t + error_c), NULL) AS error,
            if(mean_c > 0, sqrt(error_t + pow(mean_t / mean_c, 2) * error_c) / mean_c, NULL) AS lift_error,
            greatest(sqrt(error_t + error_c), sqrt(pooled_t + pooled_c)) AS always_error,
            pow(error_t + error_c, 2) / nullIf(spread, 0) AS freedom,
            (treatment + control) * (-2 * log(0.05) + log(-2 * log(0.05) + 1)) / 5000 AS seen
        FROM arms
    ),
    statistics AS
    (
        SELECT
            *,
            -- Logarithms of Student's quantiles at 97.5 % and 80 %: polynomials in 1 / freedom, fitted from 1 degree on.
            arrayMap(
                terms -> exp(arraySum((term, power) -> term * pow(1 / ifNull(freedom, nan), power), terms, range(11))),
                [
                    [
                        0.672926087597, 1.210367555533, 0.707453043602, 0.154479429802, -0.253660980447, 0.020621580448,
                        -0.081844189043, 0.307606529095, -0.311285341333, 0.140236501399, -0.024809780895
                    ],
                    [
                        -0.172425211082, 0.427082621324, 0.084187692200, -0.028150647069, -0.022809103805, 0.104970328987,
                        -0.154181758313, 0.133273239348, -0.071669565684, 0.022212593975, -0.003031929612
                    ]
                ]
            ) AS quantiles,
            (mean_t - mean_c) / error AS statistic,
            sqrt((freedom - 0.5) * log1p(statistic * statistic / freedom)) AS w,
            48 * pow(freedom - 0.5, 2) AS b,
            sqrt(2 * (seen + 1) / nullIf(seen, 0) * log(sqrt(seen + 1) / 0.05)) AS width,
            if(
                error IS NULL, NULL,
                least(1, sqrt(seen + 1) * exp(-pow((mean_t - mean_c) / always_error, 2) / 2 * seen / (seen + 1)))
            ) AS always_p
        FROM errors
    ),
    tested AS
    (
        SELECT
            *,
            w + (pow(w, 3) + 3 * w) / b
                - (4 * pow(w, 7) + 33 * pow(w, 5) + 240 * pow(w, 3) + 855 * w) / (10 * b * (b + 0.8 * pow(w, 4) + 100)) AS z,
            ifNull(ratio_p < 0.001, 0) AS broken,
            if(enough AND NOT broken, always_p, NULL) AS claim
        FROM statistics
    ),
    ranked AS
    (
        SELECT
            *, row_number() OVER (ORDER BY ifNull(claim, 2), campaign_id, metric, currency) AS place,
            claim * countIf(claim IS NOT NULL) OVER () / place AS scaled
        FROM tested
    ),
    judged AS
    (
        SELECT *, min(scaled) OVER (ORDER BY place DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS adjusted
        FROM ranked
    )
SELECT
    campaign_id,
    metric,
    currency,
    toUInt64(treatment) AS treatment_customers,
    toUInt64(control) AS control_customers,
    contaminated,
    toUInt64(apart) AS apart,
    mean_t AS treatment_mean,
    mean_c AS control_mean,
    if(compared, mean_t - mean_c, NULL) AS difference,
    difference - quantiles[1] * error AS low,
    difference + quantiles[1] * error AS high,
    erfc(z / sqrt(2)) AS p_value,
    if(compared AND mean_c > 0, mean_t / mean_c - 1, NULL) AS lift,
    lift - quantiles[1] * lift_error * (error / error) AS lift_low,
    lift + quantiles[1] * lift_error * (error / error) AS lift_high,
    difference - width * always_error * (error / error) AS always_low,
    difference + width * always_error * (error / error) AS always_high,
    always_p AS always_p_value,
    erfc(-statistic / sqrt(2)) / 2 AS chance_to_beat,
    (quantiles[1] + quantiles[2]) * error AS detectable,
    if(ratio_p IS NULL, NULL, expected) AS sample_ratio_expected,
    ratio_p AS sample_ratio_p_value,
    toUInt8(broken) AS sample_ratio_alarm,
    multiIf(
        sample_ratio_alarm = 1, 'sample ratio',
        treatment = 0 OR control = 0, 'one arm',
        claim IS NULL, 'too early',
        adjusted > 0.05, 'not shown',
        mean_t > mean_c, 'more', 'less'
    ) AS verdict
FROM judged
ORDER BY campaign_id, metric, currency;
