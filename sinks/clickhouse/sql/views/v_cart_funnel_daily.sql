-- Question: How far do the carts opened on each day get, and what becomes of them?
-- Grain: a day in the shop's time zone, a step and a currency of carts.
-- Columns:
--   day [key]: the day the carts were opened
--   position [key]: number of the step, 1 to 11
--   step [one_of opened|checkout started|abandoned|reopened|converted after abandonment|now open|now abandoned|ended converted|ended emptied|ended expired|ended merged]: what carts went through
--     (positions 1 to 5), and where each stands today (6 to 11: these add up to all carts)
--   carts [count]: carts that reached it
--   share [rate]: carts / all carts of the day and currency
--   times [count]: how often in all: a cart may be abandoned and reopened several times
--   value [money]: value of those carts, of their latest lines (unit: currency); a cart with lines in several currencies has the one
--     named last, and no value
--   currency [key]: of the carts; empty where their lines name none
-- Notes: A cart counts on the day it was opened, with all that has become of it since. `merged` is a cart that went into
--   another one when two profiles turned out to be one customer.
CREATE OR REPLACE VIEW v_cart_funnel_daily AS
WITH steps AS
(
    SELECT
        toDate(opened_at, '{timezone}') AS day,
        arrayJoin([
            (1, 'opened', true, 1),
            (2, 'checkout started', checkout, 1),
            (3, 'abandoned', abandonments > 0, abandonments),
            (4, 'reopened', reopenings > 0, reopenings),
            (5, 'converted after abandonment', fate = 'converted' AND abandonments > 0, 1),
            (6, 'now open', fate = 'open', 1),
            (7, 'now abandoned', fate = 'abandoned', 1),
            (8, 'ended converted', fate = 'converted', 1),
            (9, 'ended emptied', fate = 'emptied', 1),
            (10, 'ended expired', fate = 'expired', 1),
            (11, 'ended merged', fate = 'merged', 1)
        ]) AS entry,
        ifNull(value, 0) AS cart_value,
        currency
    FROM carts
)
SELECT
    day,
    entry.1 AS position,
    entry.2 AS step,
    countIf(entry.3) AS carts,
    carts / nullIf(count(), 0) AS share,
    sumIf(entry.4, entry.3) AS times,
    sumIf(cart_value, entry.3) AS value,
    currency
FROM steps
GROUP BY day, position, step, currency
ORDER BY day, position, currency;
