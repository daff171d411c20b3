-- What views of channels, sources, devices and consent read of an event, as columns. All but `consents` is read from what
-- the rows hold: rows of before have it too.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS cost_currency LowCardinality(String) DEFAULT if(cost = 0, '', upper(trimBoth(JSONExtractString(properties, 'currency')))) COMMENT 'Ad Spend Recorded: currency of the cost',
    ADD COLUMN IF NOT EXISTS utm_source LowCardinality(String) DEFAULT if(
        position(context, '"campaign"') = 0, '', trimBoth(JSONExtractString(context, 'campaign', 'source'))
    ) COMMENT 'context.campaign.source',
    ADD COLUMN IF NOT EXISTS utm_medium LowCardinality(String) DEFAULT if(
        position(context, '"campaign"') = 0, '', trimBoth(JSONExtractString(context, 'campaign', 'medium'))
    ) COMMENT 'context.campaign.medium',
    ADD COLUMN IF NOT EXISTS utm_campaign LowCardinality(String) DEFAULT if(
        position(context, '"campaign"') = 0, '', trimBoth(JSONExtractString(context, 'campaign', 'name'))
    ) COMMENT 'context.campaign.name',
    ADD COLUMN IF NOT EXISTS referrer LowCardinality(String) DEFAULT if(
        position(context, '"referrer"') = 0 AND position(properties, '"referrer"') = 0,
        '',
        lower(domainWithoutWWW(if(
            JSONHas(context, 'page'), JSONExtractString(context, 'page', 'referrer'), JSONExtractString(properties, 'referrer')
        )))
    ) COMMENT 'host of the page that it was come from, without www',
    ADD COLUMN IF NOT EXISTS host LowCardinality(String) DEFAULT if(
        referrer = '',
        '',
        lower(domainWithoutWWW(if(
            JSONHas(context, 'page'), JSONExtractString(context, 'page', 'url'), JSONExtractString(properties, 'url')
        )))
    ) COMMENT 'host of the page itself, where there is a referrer',
    ADD COLUMN IF NOT EXISTS device LowCardinality(String) DEFAULT multiIf(
        JSONExtractBool(properties, 'machine')
            OR trimBoth(JSONExtractString(context, 'userAgent')) = 'Mozilla/5.0'
            OR match(
                replaceRegexpAll(JSONExtractString(context, 'userAgent'), '(?i)cubot', ''),
                '(?i)bot|crawler|spider|barracuda|mimecast|proofpoint|preview|scanner'
            ),
        'machine',
        match(
            concat(JSONExtractString(context, 'device', 'type'), ' ', JSONExtractString(context, 'userAgent')),
            '(?i)^(tv|smart.?tv|ctv) |smart-?tv|appletv|googletv|android tv|hbbtv|bravia|roku|crkey|aft[a-z]{1,3}\\b'
        ),
        'tv',
        match(
            concat(
                JSONExtractString(context, 'device', 'type'), ' ', JSONExtractString(context, 'device', 'model'), ' ',
                JSONExtractString(context, 'userAgent')
            ),
            '(?i)\\b(tablet|ipad|playbook|kindle|silk)'
        )
            OR (
                position(JSONExtractString(context, 'userAgent'), 'Android') > 0
                AND position(JSONExtractString(context, 'userAgent'), 'Mobile') = 0
            ),
        'tablet',
        match(
            concat(
                JSONExtractString(context, 'device', 'type'), ' ', JSONExtractString(context, 'os', 'name'), ' ',
                JSONExtractString(context, 'userAgent')
            ),
            '(?i)^(ios|android|mobile|phone|smartphone|iphone) | (ios|iphone os|ipados|android) |mobi|iphone|ipod|android'
        ),
        'mobile',
        match(
            concat(
                JSONExtractString(context, 'device', 'type'), ' ', JSONExtractString(context, 'os', 'name'), ' ',
                JSONExtractString(context, 'userAgent')
            ),
            '(?i)^(desktop|pc|laptop|mac|windows) |windows|macintosh|mac ?os|x11|cros|linux'
        ),
        'desktop',
        'unknown'
    ) COMMENT 'desktop, mobile, tablet, tv, machine, unknown: by context.device, context.os and context.userAgent',
    ADD COLUMN IF NOT EXISTS consents Array(Tuple(channel LowCardinality(String), topic String, given Bool, reason LowCardinality(String))) COMMENT 'what it says of consent, a yes or a no each' CODEC(ZSTD(1));
ALTER TABLE messages
    ADD COLUMN IF NOT EXISTS domain LowCardinality(String) DEFAULT if(channel = 'email', lower(extract(recipient, '@([^@<>\\s]+)>?\\s*$')), '') COMMENT 'domain of the e-mail address it goes to';
