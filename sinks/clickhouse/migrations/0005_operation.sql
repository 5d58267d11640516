-- One row is one refused input: where it stood and why, never what was in it. Key: id.
-- Written by `taskstream sink` from the topic dead-letter, where the payload stays. Kept 90 days from arrival.
CREATE TABLE IF NOT EXISTS dead_letters
(
    id String,
    reason LowCardinality(String),
    stage LowCardinality(String),
    source_topic LowCardinality(String),
    source_partition UInt32,
    source_offset Int64,
    at_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    size UInt64,
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(stored_ms)
ORDER BY (source_topic, stage, reason, id)
TTL toDateTime(stored_ms) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 100000;

-- One row is the newest known position of the sink in one partition of one topic. Key: (topic, partition), the newest
-- at_ms counts. rows: all that were ever stored of the partition. For people and dashboards only: what the sink resumes from is in Kafka, beside its offsets.
-- Written by `taskstream sink` every few seconds.
CREATE TABLE IF NOT EXISTS sink_progress
(
    topic LowCardinality(String),
    partition UInt32,
    offset Int64,
    lag UInt64,
    rows UInt64,
    at_ms DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(at_ms)
ORDER BY (topic, partition)
TTL toDateTime(at_ms) + INTERVAL 30 DAY;

-- One row is one access or act that somebody must be able to account for. Key: none, never changed.
-- Written by the control commands (erasure, export, access to raw events). Kept 1,100 days.
CREATE TABLE IF NOT EXISTS audit
(
    at_ms DateTime64(3, 'UTC') DEFAULT now64(3),
    role LowCardinality(String),
    account String,
    action LowCardinality(String),
    subject String,
    reason String,
    rows UInt64
)
ENGINE = MergeTree
ORDER BY at_ms
TTL toDateTime(at_ms) + INTERVAL 1100 DAY;
