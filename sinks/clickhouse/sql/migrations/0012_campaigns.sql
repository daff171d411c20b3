-- Offers of messages as columns, and what an event tells about a message that was opened or followed.
-- All of it is read from what the rows hold: rows of before have it too.
ALTER TABLE messages
    ADD COLUMN IF NOT EXISTS offer_code String DEFAULT JSONExtractString(offer, 'code') COMMENT 'code of the offer it carried; empty without one' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS offer_discount LowCardinality(String) DEFAULT JSONExtractString(offer, 'discount'),
    ADD COLUMN IF NOT EXISTS offer_expires_at Nullable(DateTime64(3, 'UTC')) DEFAULT parseDateTime64BestEffortOrNull(JSONExtractString(offer, 'expires_at'), 3, 'UTC') CODEC(ZSTD(1));
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS clicked_message String DEFAULT if(
        position(context, 'wb_mid=') = 0 AND position(properties, 'wb_mid=') = 0,
        '',
        extract(
            concat(
                JSONExtractString(context, 'page', 'url'), ' ', JSONExtractString(properties, 'url'), ' ',
                JSONExtractString(context, 'page', 'search')
            ),
            '[?&]wb_mid=([0-9a-f]{32})'
        )
    ) COMMENT 'message whose link led to this page or screen (wb_mid in its address)' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS machine Bool DEFAULT if(
        name NOT IN ('Email Opened', 'Email Link Clicked', 'SMS Link Clicked', 'Push Notification Tapped')
            AND clicked_message = '',
        false,
        JSONExtractBool(properties, 'machine')
            OR JSONExtractString(context, 'userAgent') = 'Mozilla/5.0'
            OR JSONExtractString(properties, 'user_agent') = 'Mozilla/5.0'
            OR multiSearchAnyCaseInsensitive(
                concat(JSONExtractString(context, 'userAgent'), ' ', JSONExtractString(properties, 'user_agent')),
                ['bot', 'crawler', 'spider', 'barracuda', 'mimecast', 'proofpoint', 'preview', 'scanner']
            )
    ) COMMENT 'an open or a click of a machine (mail proxy, link scanner), not of a person' CODEC(ZSTD(1));
