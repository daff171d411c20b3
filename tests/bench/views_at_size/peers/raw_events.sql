-- Stitched events as JSON, as they lie on their topic: what a view's question costs without columns and narrow tables.
CREATE TABLE IF NOT EXISTS raw_events
(
    profile_id String,
    event_time DateTime64(3, 'UTC'),
    message_id String,
    value      String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(event_time)
ORDER BY (profile_id, event_time, message_id);
INSERT INTO raw_events
SELECT
    profile_id, event_time, message_id,
    concat(
        '{"channel":', toJSONString(toString(channel)), ',"type":', toJSONString(toString(type)), ',"name":', toJSONString(toString(name)),
        ',"identifiers":[', arrayStringConcat(arrayMap(
            one -> concat('{"type":', toJSONString(toString(one.1)), ',"value":', toJSONString(one.2), '}'), events.identifiers
        ), ','), '],"properties":',
        if(about_message = '', properties, concat('{"message_id":', toJSONString(about_message), ',', substring(properties, 2))),
        ',"context":', context, ',"traits":', if(traits = '', '{}', traits), '}'
    )
FROM events
SETTINGS max_partitions_per_insert_block = 0;
OPTIMIZE TABLE raw_events FINAL
