-- Question: What did each campaign cost, and what is it credited with, under each of the six rules?
-- Grain: a campaign, a model and a currency; over days.
-- Columns:
--   campaign [key]: campaign_id of Ad Spend Recorded, and of touches their campaign; empty where none is named
--   model [key, one_of first|last|last_non_direct|linear|time_decay|position]: the rule
--   cost [money]: Ad Spend Recorded on these days; the same under each model
--   conversions [not_null]: orders of these days credited to touches of the campaign, in parts where several share one
--   revenue [money]: their value less refunds and cancellations, shared in the same way
--   roas [number]: revenue / cost; NULL without a campaign or a cost, and where no touch has ever named the campaign
--   cpa [number]: cost / conversions; NULL without a campaign or a cost, and where no order is credited to it
--   currency [key]: of the money beside it; empty where none was named
-- Notes: Within a model and currency, conversions and revenue add up to all orders exactly; the empty campaign has what
--   is credited to touches that name none. Orders count on their own day, so the spending of a month is set against
--   orders that earlier spending has led to. A campaign with a cost and no roas is one whose visits carry another name
--   (utm_campaign, or campaign_id of clicks): give both the same. What a campaign has caused is in v_uplift.
-- Source: Google Analytics, Model Comparison Tool (names and weights of the rules).
CREATE OR REPLACE VIEW v_budget AS
SELECT
    campaign, model, sum(daily.cost) AS cost, sum(daily.conversions) AS conversions, sum(daily.revenue) AS revenue,
    multiIf(
        campaign = '', NULL,
        revenue = 0 AND campaign NOT IN (SELECT leftUTF8(touches.campaign, 100) FROM touches), NULL,
        toFloat64(revenue) / nullIf(toFloat64(cost), 0)
    ) AS roas,
    if(campaign = '' OR cost = 0 OR conversions <= 0, NULL, toFloat64(cost) / toFloat64(conversions)) AS cpa,
    currency
FROM v_budget_daily AS daily
WHERE day BETWEEN {from:Date} AND {to:Date}
GROUP BY campaign, model, currency
HAVING cost != 0 OR conversions != 0 OR revenue != 0
ORDER BY campaign, model, currency;
