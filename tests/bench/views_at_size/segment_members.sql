-- Segments: ten of them, whoever enters leaves again three times in four.
INSERT INTO segment_members (segment, profile_id, at, nth, change, reason, since)
WITH intHash32(number) AS dice
SELECT concat('segment-', toString(dice % 10)), lower(hex(sipHash128(toUInt64(intHash64(number * 20) % {customers:UInt64})))),
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toUInt32(7776000 * number / {total:UInt64}) + step.2 AS at, 0,
    step.1, if(step.1 = 'entered', 'event', 'time'), at
FROM numbers({first:UInt64}, {count:UInt64})
ARRAY JOIN arraySlice([('entered', 0), ('left', 864000)], 1, 1 + (dice % 4 > 0)) AS step
