-- One row is one uninterrupted stretch of work of one agent. Key: id (agent:first_seq).
-- Written by `taskstream sink` from the topic sessions. Kept 400 days from arrival.
CREATE TABLE IF NOT EXISTS sessions
(
    id String,
    tenant LowCardinality(String),
    team LowCardinality(String),
    actor LowCardinality(String),
    agent LowCardinality(String),
    first_seq UInt64,
    last_seq UInt64,
    start_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    active_ms UInt64,
    events UInt32,
    apps UInt32,
    switches UInt32,
    reason LowCardinality(String),
    late Bool,
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(stored_ms)
PARTITION BY toYYYYMM(start_ms)
ORDER BY (tenant, id)
TTL toDateTime(stored_ms) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 100000;

-- One row is one recognised execution of some task by one agent. Key: id (agent:first_seq).
-- Written by `taskstream sink` from the topic segments. Kept 400 days from arrival.
--   steps.*     one element a step: activity, number of its event, time since the start, active time, read or write
--   waiting_ms  elapsed time without activity; transfers: values written that were read in it before
CREATE TABLE IF NOT EXISTS segments
(
    id String,
    tenant LowCardinality(String),
    team LowCardinality(String),
    actor LowCardinality(String),
    agent LowCardinality(String),
    first_seq UInt64,
    last_seq UInt64,
    start_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    end_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    active_ms UInt64,
    waiting_ms UInt64,
    steps Nested
    (
        activity LowCardinality(String),
        seq UInt64,
        offset_ms UInt64,
        active_ms UInt32,
        role LowCardinality(String)
    ) CODEC(ZSTD(1)),
    apps Array(LowCardinality(String)),
    lane UInt16,
    complete Bool,
    transfers UInt32,
    written UInt32,
    confidence Float32,
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(stored_ms)
PARTITION BY toYYYYMM(start_ms)
ORDER BY (tenant, id)
TTL toDateTime(stored_ms) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 100000;

-- One row is one value that moved from one field to another, by paste or by typing it again. Key: id (agent:seq of
-- the writing event). Written by `taskstream sink` from the topic transfers. Kept 400 days from arrival.
CREATE TABLE IF NOT EXISTS transfers
(
    id String,
    tenant LowCardinality(String),
    team LowCardinality(String),
    actor LowCardinality(String),
    agent LowCardinality(String),
    seq UInt64,
    source_seq UInt64,
    at_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    lag_ms UInt64,
    how LowCardinality(String),
    form LowCardinality(String),
    source_app LowCardinality(String),
    source_screen LowCardinality(String),
    source_element LowCardinality(String),
    target_app LowCardinality(String),
    target_screen LowCardinality(String),
    target_element LowCardinality(String),
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(stored_ms)
PARTITION BY toYYYYMM(at_ms)
ORDER BY (tenant, id)
TTL toDateTime(stored_ms) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 100000;

-- One row is a count of one activity in one minute, of at least k people; rows of one minute, team, application and
-- kind (late additions) are added up. Key: id. Written by `taskstream sink` from the topic activity. No person in it.
-- Kept 800 days from arrival.
CREATE TABLE IF NOT EXISTS activity_1m
(
    id String,
    tenant LowCardinality(String),
    team LowCardinality(String),
    window_start_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    app LowCardinality(String),
    kind LowCardinality(String),
    events UInt64,
    active_ms UInt64,
    people UInt32,
    late Bool,
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(window_start_ms)
ORDER BY (tenant, window_start_ms, app, team, kind)
TTL toDateTime(stored_ms) + INTERVAL 800 DAY
SETTINGS non_replicated_deduplication_window = 100000;
