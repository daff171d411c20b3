-- What a comparison of arms needs: the chance with which a decision drew its arm, and what an order earned.
ALTER TABLE decisions
    ADD COLUMN IF NOT EXISTS control_share Nullable(Float64) COMMENT 'chance with which the arm was drawn control, 0 to 1; NULL: none was drawn, or rows of before' CODEC(ZSTD(1));
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS margin Nullable(Decimal(38, 6)) DEFAULT if(
        name = 'Order Completed' AND type = 'track',
        toDecimal128OrNull(replaceAll(JSONExtractRaw(properties, 'margin'), '"', ''), 6),
        NULL
    ) COMMENT 'what the order earned (property margin), in its currency; NULL where nobody says' CODEC(ZSTD(1));
