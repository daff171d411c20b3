-- A message each.
INSERT INTO messages (message_id, profile_id, campaign_id, step, variant, channel, recipient, subject, body, url, offer,
    trigger_type, trigger_at, cart_id, decided_at)
WITH intHash32(number) AS dice
SELECT leftPad(toString(number), 48, '0'), lower(hex(sipHash128(toUInt64(intHash64(number * 40) % {customers:UInt64})))), concat('campaign-', toString(dice % 9)), 'reminder',
    ['a', 'b'][1 + dice % 2], ['email', 'sms', 'push'][1 + dice % 3], concat('c', toString(dice), '@example.com'), 'Your cart',
    repeat('Your cart is waiting. ', 20), 'https://shop.example/cart', '', 'cart_abandoned', toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toUInt32(7776000 * number / {total:UInt64}) AS time,
    concat('cart-', toString(number)), time
FROM numbers({first:UInt64}, {count:UInt64})
