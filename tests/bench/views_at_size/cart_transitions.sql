-- Carts: opened, most abandoned, a third bought.
INSERT INTO cart_transitions (profile_id, cart_id, at, abandonment_no, from_state, to_state, reason, stage, value, currency,
    line_count, lines)
WITH intHash32(number) AS dice
SELECT lower(hex(sipHash128(toUInt64(intHash64(number * 20) % {customers:UInt64})))), concat('cart-', toString(number)), toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toUInt32(7776000 * number / {total:UInt64}) + step.3, step.4, step.1, step.2, step.2, 'cart',
    toDecimal128(10 + dice % 190, 6), if(dice % 10 = 0, 'USD', 'EUR'), 1,
    concat('[{"product_id":"p', toString(dice % 5000), '","sku":null,"name":"Product","price":10,"quantity":1}]')
FROM numbers({first:UInt64}, {count:UInt64})
ARRAY JOIN arraySlice(
    [('none', 'open', 0, 0), ('open', 'abandoned', 1800, 1), ('abandoned', 'converted', 7200, 1)], 1, 1 + dice % 3
) AS step
