-- How far do carts get, and what becomes of them?
-- One row a step and currency of carts: how many carts reached it, their share of all carts of that currency, how often
-- in all (a cart may be abandoned and reopened several times), and the value of those carts. A cart whose lines are in several currencies
-- has the currency named last, and no value.
-- Steps 1 to 5 are what carts went through; the others are where each stands today and add up to all carts.
-- `merged` is a cart that went into another cart when two profiles turned out to be one customer.
CREATE OR REPLACE VIEW v_cart_funnel AS
WITH steps AS
(
    SELECT
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
    entry.1 AS position,
    entry.2 AS step,
    countIf(entry.3) AS carts,
    carts / nullIf(count(), 0) AS share,
    sumIf(entry.4, entry.3) AS times,
    sumIf(cart_value, entry.3) AS value,
    currency
FROM steps
GROUP BY position, step, currency
ORDER BY position, currency;
