-- An order each, of two touches.
INSERT INTO conversions (profile_id, order_id, at, channel, value, currency, touches, credits, changed_at, message_id,
    kind, counts, orders, refunds, touch_count, credited, recovered_campaign, recovered_message_id)
WITH intHash32(number) AS dice, ['web', 'email', 'ads', 'social'][1 + dice % 4] AS one, ['web', 'app', 'ads'][1 + dice % 3] AS two,
    toString(10 + dice % 190) AS worth
SELECT
    lower(hex(sipHash128(toUInt64(intHash64(number * 50) % {customers:UInt64})))), concat('o', toString(number * 50)), toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toUInt32(7776000 * number / {total:UInt64}) AS time, ['web', 'app', 'store'][1 + dice % 3],
    toDecimal128(10 + dice % 190, 6), if(dice % 10 = 0, 'USD', 'EUR'),
    concat('[{"channel":"', one, '","at":"', formatDateTime(time - 86400, '%Y-%m-%dT%H:%i:%S.000Z'),
        '","source":"news","medium":"email","campaign":"spring"},{"channel":"', two, '","at":"',
        formatDateTime(time - 3600, '%Y-%m-%dT%H:%i:%S.000Z'), '"}]'),
    concat('{"last":{"', two, '":1},"first":{"', one, '":1},"linear":{"', one, '":0.5,"', two, '":0.5},"last_non_direct":{"',
        one, '":1}}'),
    time, hex(sipHash64(number)), 'order', 1, 1, 0, 2,
    concat('{"last":{"', two, '":', worth, '},"first":{"', one, '":', worth, '},"last_non_direct":{"', one, '":', worth, '}}'),
    if(dice % 8 = 0, concat('campaign-', toString(dice % 9)), ''),
    if(dice % 8 = 0, leftPad(toString(dice % {total:UInt64}), 48, '0'), '')
FROM numbers({first:UInt64}, {count:UInt64})
