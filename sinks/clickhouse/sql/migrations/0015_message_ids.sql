-- Ids of messages have 48 letters and digits.
ALTER TABLE events
    MODIFY COLUMN clicked_message String DEFAULT if(
        position(context, 'wb_mid=') = 0 AND position(properties, 'wb_mid=') = 0,
        '',
        extract(
            concat(
                JSONExtractString(context, 'page', 'url'), ' ', JSONExtractString(properties, 'url'), ' ',
                JSONExtractString(context, 'page', 'search')
            ),
            '[?&]wb_mid=([0-9a-v]{48})'
        )
    ) COMMENT 'message whose link led to this page or screen (wb_mid in its address)' CODEC(ZSTD(1));
