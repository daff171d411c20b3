-- Where an event happened, and what was in a cart, as columns. Both are read from what the rows hold: rows of before have
-- them too.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS regions Array(LowCardinality(String)) DEFAULT arrayDistinct(arrayFilter(
        place -> place != '',
        arrayMap(
            place -> lowerUTF8(trimBoth(place)),
            [
                if(
                    JSONExtractString(context, 'location', 'country') != '',
                    JSONExtractString(context, 'location', 'country'),
                    extract(JSONExtractString(context, 'locale'), '^[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})\\b')
                ),
                JSONExtractString(context, 'location', 'region'),
                JSONExtractString(context, 'location', 'city')
            ]
        )
    )) COMMENT 'country, region and city of context.location in lower case; without a country that of context.locale' CODEC(ZSTD(1));
ALTER TABLE cart_transitions
    ADD COLUMN IF NOT EXISTS items Array(Tuple(product_id String, sku String, name String, price Decimal(38, 6), quantity Decimal(38, 6))) DEFAULT JSONExtract(
        lines,
        'Array(Tuple(product_id String, sku String, name String, price Decimal(38, 6), quantity Decimal(38, 6)))'
    ) COMMENT 'the lines' CODEC(ZSTD(1));
