-- A decision each: a tenth in the control group.
INSERT INTO decisions (decision_id, profile_id, campaign_id, step, variant, arm, outcome, reason, message_id, trigger_type,
    trigger_at, cart_id, decided_at)
WITH intHash32(number) AS dice, dice % 10 = 0 AS control, dice % 100 < 70 AS sent
SELECT hex(sipHash128(number, 1)), lower(hex(sipHash128(toUInt64(intHash64(number * 25) % {customers:UInt64})))), concat('campaign-', toString(dice % 9)), 'reminder',
    ['a', 'b'][1 + dice % 2], if(control, 'control', 'treatment'), multiIf(control, 'held_out', sent, 'sent', 'suppressed'),
    if(sent OR control, '', 'no_consent'), if(sent AND NOT control, leftPad(toString(number), 48, '0'), ''), 'cart_abandoned',
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toUInt32(7776000 * number / {total:UInt64}) AS time, concat('cart-', toString(number)), time
FROM numbers({first:UInt64}, {count:UInt64})
