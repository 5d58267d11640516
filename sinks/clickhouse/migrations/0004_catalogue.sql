-- One row is one version of one routine: its model and evidence. Key: (tenant, id), the highest version counts.
-- Written by `taskstream sink` from the topic routines. Kept for ever (small).
CREATE TABLE IF NOT EXISTS routines
(
    id String,
    tenant LowCardinality(String),
    name String,
    pattern LowCardinality(String),
    skeleton Array(String),
    optional Array(String),
    presence Map(String, Float64),
    variants Nested
    (
        id String,
        steps Array(String),
        executions UInt64,
        share Float64
    ),
    apps Array(String),
    flows Nested
    (
        source String,
        target String,
        how String,
        form String,
        share Float64
    ),
    triggers Array(String),
    executions UInt64,
    people UInt32,
    teams UInt32,
    days UInt32,
    first_ms DateTime64(3, 'UTC'),
    last_ms DateTime64(3, 'UTC'),
    active_median_ms UInt64,
    active_p90_ms UInt64,
    active_low_ms UInt64,
    active_high_ms UInt64,
    elapsed_median_ms UInt64,
    elapsed_p90_ms UInt64,
    waiting_share Float64,
    transfer_share Float64,
    determinism Float64,
    version UInt64,
    merged Array(String),
    into String,
    split_from String,
    withdrawn Bool,
    steps Nested
    (
        activity String,
        label String,
        presence Float64,
        repeats Float64,
        determinism Float64,
        active_ms UInt64,
        role String
    ),
    edges Nested
    (
        source Int32,
        target Int32,
        share Float64
    ),
    active_by_idle_ms Map(String, UInt64),
    waiting_median_ms UInt64,
    partial UInt64,
    complete_share Float64,
    transferred_values Float64,
    parts Array(Map(String, Float64)),
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 100000;

-- One row says that a segment is an execution of a routine, or part of one: segments that came cut apart have the same
-- execution (empty: the segment itself). Key: (tenant, segment), the highest version counts.
-- Written by `taskstream sink` from the topic assignments. Kept 400 days from arrival.
CREATE TABLE IF NOT EXISTS routine_assignments
(
    segment String,
    tenant LowCardinality(String),
    team LowCardinality(String),
    routine LowCardinality(String),
    variant LowCardinality(String),
    fit Float32,
    start_ms DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    active_ms UInt64,
    version UInt64,
    execution String,
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, segment)
TTL toDateTime(stored_ms) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 100000;

-- One row is one version of one opportunity: what automating a routine would save, and why it ranks where it does.
-- Key: (tenant, id), the highest version counts. Written by `taskstream sink` from the topic opportunities. Kept for ever.
CREATE TABLE IF NOT EXISTS opportunities
(
    id String,
    tenant LowCardinality(String),
    rank UInt32,
    name String,
    pattern LowCardinality(String),
    steps Array(String),
    apps Array(String),
    executions UInt64,
    executions_per_week Float64,
    people UInt32,
    active_median_ms UInt64,
    active_p90_ms UInt64,
    active_low_ms UInt64,
    active_high_ms UInt64,
    hours_per_week Float64,
    transferred_values Float64,
    transfer_share Float64,
    determinism Float64,
    variants UInt32,
    hours_per_year Float64,
    hours_per_year_low Float64,
    hours_per_year_high Float64,
    build_cost Float64,
    yearly_saving Float64,
    payback_months_low Float64,
    payback_months Float64,
    payback_months_high Float64,
    verdict LowCardinality(String),
    score Float64,
    why Map(String, Float64),
    assumptions Map(String, Float64),
    updated_ms DateTime64(3, 'UTC'),
    version UInt64,
    withdrawn Bool,
    covers Array(String),
    exceptions Float64,
    net_saving_low Float64,
    net_saving Float64,
    net_saving_high Float64,
    stored_ms DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id)
SETTINGS non_replicated_deduplication_window = 100000;
