-- One a customer.
INSERT INTO identifiers (identifier, identifier_type, profile_id, version, linked_at)
SELECT hex(sipHash64(number)), ['anonymous_id', 'email', 'user_id'][1 + number % 3], lower(hex(sipHash128(number))),
    number + 1, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number % 7776000
FROM numbers({first:UInt64}, {count:UInt64})
