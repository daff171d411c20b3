-- Every profile that a merged profile has been part of since, step by step: A into B, B into C gives A-B, A-C and B-C.
-- Left out: refused links, erased profiles, and what a split took away (but a profile that went elsewhere by a split
-- did so from its start).
CREATE OR REPLACE VIEW merge_paths AS
SELECT profile_id, step.1 AS reached_id, step.2 AS at, hops
FROM resolved_profiles FINAL
ARRAY JOIN path AS step, arrayEnumerate(path) AS hops;
