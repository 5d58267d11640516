-- One row is one UI event, exactly once. Key: (agent, seq). Written by `taskstream sink` from ui-events.clean.
-- Sorted by agent and number: the columns that identify somebody are constant over long runs and cost nearly nothing,
-- and an agent's work reads in its order. Times are UTC. Kept 90 days from arrival, whatever the events' age is.
--   at_ms        when it happened, by the desktop's (corrected) clock
--   sent_ms      when the agent handed it to Kafka; 1970 where unknown
--   stored_ms    when it reached this table
--   active_ms    milliseconds the person was active in it
--   letter ... shortcuts   keys by class, never which
--   value_digest keyed hash of a value, 0 for none; value_length: binary digits of its length; value_form: its format
--   missing      for kind gap: events dropped on purpose before this one
CREATE TABLE IF NOT EXISTS ui_events
(
    tenant LowCardinality(String),
    team LowCardinality(String),
    actor LowCardinality(String),
    agent LowCardinality(String),
    seq UInt64 CODEC(Delta, ZSTD(1)),
    at_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String) CODEC(ZSTD(1)),
    app LowCardinality(String) CODEC(ZSTD(1)),
    screen LowCardinality(String) CODEC(ZSTD(1)),
    element LowCardinality(String) CODEC(ZSTD(1)),
    active_ms UInt32 CODEC(ZSTD(1)),
    letter UInt32 CODEC(ZSTD(1)),
    digit UInt32 CODEC(ZSTD(1)),
    punctuation UInt32 CODEC(ZSTD(1)),
    edit UInt32 CODEC(ZSTD(1)),
    navigation UInt32 CODEC(ZSTD(1)),
    function UInt32 CODEC(ZSTD(1)),
    shortcuts UInt32 CODEC(ZSTD(1)),
    shortcut LowCardinality(String) CODEC(ZSTD(1)),
    value_digest UInt64 CODEC(ZSTD(1)),
    value_length UInt8 CODEC(ZSTD(1)),
    value_form LowCardinality(String) CODEC(ZSTD(1)),
    objects Nested
    (
        kind LowCardinality(String),
        digest UInt64
    ) CODEC(ZSTD(1)),
    injected Bool CODEC(ZSTD(1)),
    missing UInt32 CODEC(ZSTD(1)),
    policy LowCardinality(String) CODEC(ZSTD(1)),
    sent_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    INDEX at_minmax at_ms TYPE minmax GRANULARITY 4,
    INDEX stored_minmax stored_ms TYPE minmax GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at_ms)
ORDER BY (tenant, agent, seq)
TTL toDateTime(stored_ms) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 100000;
