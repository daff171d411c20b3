-- Question: What did each campaign cost on each day, and what is it credited with, under each of the six rules?
-- Grain: a day in the shop's time zone, a campaign, a model and a currency.
-- Columns:
--   day [key]: of the spending, and of the orders; of a refund its own
--   campaign [key]: campaign_id of Ad Spend Recorded, and of touches their campaign; empty where none is named
--   model [key, one_of first|last|last_non_direct|linear|time_decay|position]: the rule
--   cost [money]: Ad Spend Recorded; the same under each model
--   conversions [not_null]: orders credited to touches of the campaign, in parts where several share one
--   revenue [money]: their value less refunds and cancellations, shared in the same way
--   roas [number]: revenue / cost; NULL without a campaign or a cost, and where no touch has ever named the campaign
--   cpa [number]: cost / conversions; NULL without a campaign or a cost, and where no order is credited to it
--   currency [key]: of the money beside it; empty where none was named
-- Notes: Within a day, model and currency, conversions and revenue add up to all orders exactly; the empty campaign has
--   what is credited to touches that name none. Orders are on their own day, not on that of the spending that led there.
-- Source: Google Analytics, Model Comparison Tool (names and weights of the rules).
CREATE OR REPLACE VIEW v_budget_daily AS
SELECT
    day, campaign, model, sum(spent) AS cost, sum(orders_credited) AS conversions, sum(money) AS revenue,
    multiIf(
        campaign = '', NULL,
        revenue = 0 AND campaign NOT IN (SELECT leftUTF8(touches.campaign, 100) FROM touches), NULL,
        toFloat64(revenue) / nullIf(toFloat64(cost), 0)
    ) AS roas,
    if(campaign = '' OR cost = 0 OR conversions <= 0, NULL, toFloat64(cost) / toFloat64(conversions)) AS cpa,
    currency
FROM
(
    SELECT
        toDate(at, '{timezone}') AS day, credit.name AS campaign, toString(credit.model) AS model,
        toDecimal128(0, 6) AS spent, orders * credit.share AS orders_credited, credit.money AS money,
        toString(currency) AS currency
    FROM current_conversions
    ARRAY JOIN campaign_credit AS credit
    UNION ALL
    SELECT
        day, leftUTF8(campaign_id, 100) AS campaign, model, cost AS spent, toDecimal128(0, 6), toDecimal128(0, 6),
        toString(currency)
    FROM current_spend
    ARRAY JOIN ['first', 'last', 'last_non_direct', 'linear', 'time_decay', 'position'] AS model
)
GROUP BY day, campaign, model, currency
HAVING cost != 0 OR conversions != 0 OR revenue != 0
ORDER BY day, campaign, model, currency;
