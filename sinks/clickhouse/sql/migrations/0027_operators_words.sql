-- What a backtest has to know to play the words of operators again.
ALTER TABLE profile_merges
    ADD COLUMN IF NOT EXISTS identifier String COMMENT 'of a split: keyed hash of the identifier that was cut off; empty in rows of before' CODEC(ZSTD(1));
ALTER TABLE suppressions
    ADD COLUMN IF NOT EXISTS known_at DateTime64(3, 'UTC') DEFAULT since COMMENT 'from when decisions knew it' CODEC(ZSTD(1));
