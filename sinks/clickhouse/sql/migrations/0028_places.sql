-- What a visit names, as a number: views look it up once for each of the few places, and not for each visit.
ALTER TABLE landings
    ADD COLUMN IF NOT EXISTS place UInt64 MATERIALIZED sipHash64(source, medium, campaign, referrer, host) COMMENT 'number (hash) of what the visit names' CODEC(ZSTD(1));
ALTER TABLE landings MATERIALIZE COLUMN place SETTINGS mutations_sync = 1;
