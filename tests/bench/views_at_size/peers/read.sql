-- What each peer reads: raw events with the customer of today, and whether a machine or a nameless one did it.
SELECT
    if(later.current_id = '', raw.profile_id, later.current_id) AS customer, event_time,
    JSONExtractString(value, 'channel') AS channel, JSONExtractString(value, 'type') AS type,
    JSONExtractString(value, 'name') AS name, JSONExtractString(value, 'context', 'userAgent') AS agent,
    JSONLength(value, 'identifiers') > 0 AS named,
    JSONExtractBool(value, 'properties', 'machine') OR trimBoth(agent) = 'Mozilla/5.0' OR match(
        replaceRegexpAll(agent, '(?i)cubot', ''), '(?i)bot|crawler|spider|barracuda|mimecast|proofpoint|preview|scanner'
    ) AS machine,
    name IN (
        'Products Searched', 'Product List Viewed', 'Product List Filtered', 'Product Viewed', 'Product Clicked', 'Cart Viewed'
    ) AS views,
    name IN (
        'Product Added', 'Product Removed', 'Product Added to Wishlist', 'Checkout Started', 'Checkout Step Viewed',
        'Checkout Step Completed', 'Payment Info Entered', 'Coupon Entered', 'Coupon Applied', 'Coupon Denied',
        'Coupon Removed'
    ) AS changes,
    value
FROM raw_events AS raw FINAL
LEFT ANY JOIN current_profiles AS later ON later.profile_id = raw.profile_id
