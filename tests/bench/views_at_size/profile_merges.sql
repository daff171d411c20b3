-- A twentieth of the customers had another profile before.
INSERT INTO profile_merges (merged_profile_id, into_profile_id, reason, merged_at, version)
SELECT lower(hex(sipHash128(number))), lower(hex(sipHash128(number + 1))), 'link',
    toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number % 7776000, number + 1
FROM numbers({first:UInt64}, {count:UInt64}) WHERE number % 20 = 0
