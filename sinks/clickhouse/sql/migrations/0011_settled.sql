-- Merges of long ago, resolved once and for all: profile to profile of today, in memory and on disk.
-- A merge is in here or still open (profile_merges.settled = 0), or both; never in neither.
CREATE TABLE IF NOT EXISTS settled_profiles
(
    profile_id String,
    current_id String COMMENT 'never a profile whose own merge is settled'
)
ENGINE = Join(ANY, LEFT, profile_id)
SETTINGS join_any_take_last_row = 1;
ALTER TABLE profile_merges ADD COLUMN IF NOT EXISTS settled UInt8 COMMENT '1: settled_profiles knows where it leads';
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS squashed UInt8 COMMENT '1: looked up in settled_profiles' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS squashed_id String COMMENT 'profile that it led to; empty: to none' CODEC(ZSTD(1));
