-- What is said of addresses, whoever has them: by keyed hash, no address and no person (topic contact.suppressions).
-- Of each address the newest row stands: read it with FINAL, and with `suppressed`.
CREATE TABLE IF NOT EXISTS suppressions
(
    address_hash String COMMENT 'keyed hash of the channel, with its topic, and the address; WINBACK_SECRET keys it' CODEC(ZSTD(1)),
    channel      LowCardinality(String),
    topic        LowCardinality(String) COMMENT 'the topic that it is about alone; empty: about the channel',
    suppressed   Bool COMMENT 'false: a yes has lifted it',
    reason       LowCardinality(String) COMMENT 'unsubscribed, complained, bounced, of an import, or subscribed',
    since        DateTime64(3, 'UTC') COMMENT 'time of the event that said it first' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(since)
ORDER BY address_hash;
