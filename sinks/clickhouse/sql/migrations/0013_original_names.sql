-- What the producer called an event whose name is read from another vocabulary.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS original_name LowCardinality(String) COMMENT 'the producer''s name of the event, where `name` is another; empty otherwise';
