-- The value of a cart whose lines are in several currencies is not known.
ALTER TABLE cart_transitions
    MODIFY COLUMN value Nullable(Decimal(38, 6)) COMMENT 'of all lines; NULL where they are in several currencies' CODEC(ZSTD(1));
