-- Clicks, page views, orders, messages' feedback, adverts and posts of customers, by number.
INSERT INTO events (profile_id, event_time, message_id, channel, type, name, received_at, late, kind, revenue, cost,
    campaign_id, about_message, identifiers, properties, context, traits, extra, source_topic, source_partition,
    source_offset, head, head_type, original_name)
WITH intHash32(number) AS dice, dice % 100 AS part,
    multiIf(part < 55, 'web', part < 70, 'app', part < 88, 'email', part < 92, 'ads', part < 96, 'store', 'social') AS media,
    multiIf(
        media = 'email', ['Email Delivered', 'Email Opened', 'Email Link Clicked'][1 + dice % 7 % 3],
        media = 'ads', ['Ad Impression', 'Ad Clicked', 'Ad Spend Recorded'][1 + dice % 13 % 3],
        media = 'social', ['Post Viewed', 'Post Liked', 'Post Shared'][1 + dice % 11 % 3],
        part % 50 = 0, 'Order Completed',
        ['Product Viewed', 'Product Viewed', 'Product Added', 'Checkout Started', ''][1 + dice % 17 % 5]
    ) AS what
SELECT
    lower(hex(sipHash128(toUInt64(intHash64(number) % {customers:UInt64})))) AS profile, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + toUInt32(7776000 * number / {total:UInt64}) AS time, hex(sipHash64(number)), media,
    if(what = '', 'page', 'track'), what, time, dice % 211 = 0, '',
    if(what = 'Order Completed', toDecimal128(10 + dice % 190, 6), 0), if(what = 'Ad Spend Recorded', toDecimal128(5, 6), 0),
    if(media IN ('email', 'ads'), concat('campaign-', toString(dice % 9)), ''),
    if(media = 'email', leftPad(toString(dice % ({total:UInt64} / 40)), 48, '0'), ''),
    [('anonymous_id', hex(sipHash64(profile)))],
    concat('{"product_id":"p', toString(dice % 5000), '","name":"Product ', toString(dice % 5000), '","price":',
        toString(dice % 190), ',"quantity":1,"currency":"', if(dice % 10 = 0, 'USD', 'EUR'), '","category":"c',
        toString(dice % 40), '"', if(what = 'Order Completed', concat(',"order_id":"o', toString(number), '"'), ''),
        if(what = 'Ad Spend Recorded', ',"cost":5', ''), '}'),
    concat('{"userAgent":"Mozilla/5.0 (', ['Windows NT 10.0', 'iPhone; CPU iPhone OS 17_0', 'Linux; Android 14'][1 + dice % 3],
        ') AppleWebKit/605.1.15","locale":"de-DE","timezone":"Europe/Berlin","page":{"url":"https://shop.example/p/',
        toString(dice % 5000), if(dice % 12 = 0, '?utm_source=news&utm_medium=email&utm_campaign=spring', ''), '"',
        if(dice % 9 = 0, ',"referrer":"https://www.google.com/"', ''), '}}'),
    '{}', '', concat('channels.', media), number % 8, number, hex(sipHash64(profile)), 'anonymous_id', ''
FROM numbers({first:UInt64}, {count:UInt64})
