-- What people and dashboards read. Every view about people's work shows only what at least k people share (v_floor),
-- counted here again although the streams have counted already. No view has a column for a person or a desktop.

-- One row is one opportunity in its newest version, unless withdrawn. Best first: ORDER BY rank.
CREATE OR REPLACE VIEW v_opportunities AS
SELECT
    rank, name, verdict, hours_per_week, executions, executions_per_week, people,
    active_median_ms, active_p90_ms, active_low_ms, active_high_ms,
    steps, apps, pattern, variants, transferred_values, transfer_share, determinism,
    hours_per_year, hours_per_year_low, hours_per_year_high,
    build_cost, yearly_saving, payback_months_low, payback_months, payback_months_high,
    score, why, assumptions, covers, exceptions, net_saving_low, net_saving, net_saving_high,
    id, tenant, version, updated_ms
FROM
(
    SELECT * FROM opportunities
    ORDER BY version DESC, stored_ms DESC
    LIMIT 1 BY tenant, id
)
WHERE NOT withdrawn AND people >= (SELECT k FROM v_floor);

-- One row is one routine in its newest version, unless it was withdrawn or taken over: its evidence and process map
-- (edges: positions in steps, -1 for the start or end).
CREATE OR REPLACE VIEW v_routines AS
SELECT
    id, tenant, name, pattern, skeleton, optional, apps, triggers, executions, people, teams, days, first_ms, last_ms,
    active_median_ms, active_p90_ms, active_low_ms, active_high_ms, elapsed_median_ms, elapsed_p90_ms,
    waiting_share, waiting_median_ms, transfer_share, transferred_values, determinism, complete_share,
    flows.source, flows.target, flows.how, flows.form, flows.share,
    steps.activity, steps.label, steps.presence, steps.repeats, steps.determinism, steps.active_ms, steps.role,
    edges.source, edges.target, edges.share, active_by_idle_ms, version
FROM
(
    SELECT * FROM routines
    ORDER BY version DESC, stored_ms DESC
    LIMIT 1 BY tenant, id
)
WHERE into = '' AND NOT withdrawn AND people >= (SELECT k FROM v_floor);

-- One row is one minute of one application in one team. people: at least so many (the largest of the counts merged).
CREATE OR REPLACE VIEW v_activity AS
SELECT
    window_start_ms AS minute, tenant, team, app,
    sum(events) AS events, sum(active_ms) AS active_ms, max(people) AS people
FROM
(
    SELECT window_start_ms, tenant, team, app, events, active_ms, people
    FROM activity_1m
    WHERE people >= (SELECT k FROM v_floor)
)
GROUP BY minute, tenant, team, app;

-- One row is one direction in which values move between two applications.
CREATE OR REPLACE VIEW v_transfers AS
SELECT
    tenant, source_app, target_app, how,
    count() AS transfers, uniqExact(actor) AS people, quantile(0.5)(lag_ms) AS lag_median_ms
FROM transfers
GROUP BY tenant, source_app, target_app, how
HAVING people >= (SELECT k FROM v_floor);

-- One row is one pair of fields between which values move.
CREATE OR REPLACE VIEW v_transfer_fields AS
SELECT
    tenant, source_app, source_screen, source_element, target_app, target_screen, target_element, how, form,
    count() AS transfers, uniqExact(actor) AS people, quantile(0.5)(lag_ms) AS lag_median_ms
FROM transfers
GROUP BY tenant, source_app, source_screen, source_element, target_app, target_screen, target_element, how, form
HAVING people >= (SELECT k FROM v_floor);

-- One row is one routine's time per execution, over the executions stored.
CREATE OR REPLACE VIEW v_task_times AS
WITH
    assigned AS
    (
        SELECT
            tenant, segment, argMax(routine, version) AS routine, argMax(variant, version) AS variant,
            argMax(if(execution = '', segment, execution), version) AS execution
        FROM routine_assignments
        GROUP BY tenant, segment
    ),
    executions AS
    (
        SELECT
            assigned.tenant AS tenant, assigned.routine AS routine, assigned.execution AS execution,
            any(assigned.variant) AS variant, any(segments.actor) AS actor, sum(segments.active_ms) AS active_ms,
            dateDiff('millisecond', min(segments.start_ms), max(segments.end_ms)) AS elapsed_ms
        FROM segments
        INNER JOIN assigned ON segments.tenant = assigned.tenant AND segments.id = assigned.segment
        WHERE assigned.routine != ''
        GROUP BY tenant, routine, execution
    ),
    named AS
    (
        SELECT tenant, id, argMax(name, version) AS name
        FROM routines
        GROUP BY tenant, id
    )
SELECT
    executions.tenant AS tenant, executions.routine AS routine, any(named.name) AS name,
    count() AS executions, uniqExact(executions.actor) AS people,
    quantile(0.1)(executions.active_ms) AS active_p10_ms,
    quantile(0.5)(executions.active_ms) AS active_median_ms,
    quantile(0.9)(executions.active_ms) AS active_p90_ms,
    quantile(0.5)(executions.elapsed_ms) AS elapsed_median_ms,
    quantile(0.9)(executions.elapsed_ms) AS elapsed_p90_ms,
    sum(executions.active_ms) AS active_total_ms
FROM executions
LEFT JOIN named ON executions.tenant = named.tenant AND executions.routine = named.id
GROUP BY tenant, routine
HAVING people >= (SELECT k FROM v_floor);

-- One row is one bar of the distribution of active time per execution of a routine; bars below the floor are left out.
-- from_ms, to_ms: bounds of the bar, growing by the square root of 2.
CREATE OR REPLACE VIEW v_task_time_distribution AS
WITH
    assigned AS
    (
        SELECT
            tenant, segment, argMax(routine, version) AS routine, argMax(variant, version) AS variant,
            argMax(if(execution = '', segment, execution), version) AS execution
        FROM routine_assignments
        GROUP BY tenant, segment
    ),
    executions AS
    (
        SELECT
            assigned.tenant AS tenant, assigned.routine AS routine, assigned.execution AS execution,
            any(assigned.variant) AS variant, any(segments.actor) AS actor, sum(segments.active_ms) AS active_ms,
            dateDiff('millisecond', min(segments.start_ms), max(segments.end_ms)) AS elapsed_ms
        FROM segments
        INNER JOIN assigned ON segments.tenant = assigned.tenant AND segments.id = assigned.segment
        WHERE assigned.routine != ''
        GROUP BY tenant, routine, execution
    )
SELECT
    tenant, routine,
    toInt32(floor(2 * log2(greatest(active_ms, 1)))) AS bar,
    toUInt64(round(pow(2, bar / 2))) AS from_ms, toUInt64(round(pow(2, (bar + 1) / 2))) AS to_ms,
    count() AS executions, uniqExact(actor) AS people
FROM executions
GROUP BY tenant, routine, bar
HAVING people >= (SELECT k FROM v_floor);

-- One row is one variant of a routine (its sequence of steps). Variants below the floor are merged into '(rare)', which
-- is itself left out below the floor.
CREATE OR REPLACE VIEW v_routine_variants AS
WITH
    assigned AS
    (
        SELECT
            tenant, segment, argMax(routine, version) AS routine, argMax(variant, version) AS variant,
            argMax(if(execution = '', segment, execution), version) AS execution
        FROM routine_assignments
        GROUP BY tenant, segment
    ),
    executions AS
    (
        SELECT
            assigned.tenant AS tenant, assigned.routine AS routine, assigned.execution AS execution,
            any(assigned.variant) AS variant, any(segments.actor) AS actor, sum(segments.active_ms) AS active_ms,
            dateDiff('millisecond', min(segments.start_ms), max(segments.end_ms)) AS elapsed_ms
        FROM segments
        INNER JOIN assigned ON segments.tenant = assigned.tenant AND segments.id = assigned.segment
        WHERE assigned.routine != ''
        GROUP BY tenant, routine, execution
    ),
    common AS
    (
        SELECT tenant, routine, variant
        FROM executions
        GROUP BY tenant, routine, variant
        HAVING uniqExact(actor) >= (SELECT k FROM v_floor)
    ),
    modelled AS
    (
        SELECT tenant, id AS routine, variant, steps
        FROM
        (
            SELECT tenant, id, variants.id AS ids, variants.steps AS all_steps
            FROM routines
            ORDER BY version DESC, stored_ms DESC
            LIMIT 1 BY tenant, id
        )
        ARRAY JOIN ids AS variant, all_steps AS steps
    ),
    counted AS
    (
        SELECT
            tenant, routine, if((tenant, routine, variant) IN (SELECT * FROM common), variant, '(rare)') AS variant,
            count() AS executions, uniqExact(actor) AS people, quantile(0.5)(active_ms) AS active_median_ms,
            quantile(0.9)(active_ms) AS active_p90_ms
        FROM executions
        GROUP BY tenant, routine, variant
        HAVING people >= (SELECT k FROM v_floor)
    )
SELECT
    counted.tenant AS tenant, counted.routine AS routine, counted.variant AS variant, modelled.steps AS steps,
    executions, executions / sum(executions) OVER (PARTITION BY counted.tenant, counted.routine) AS share,
    people, active_median_ms, active_p90_ms
FROM counted
LEFT JOIN modelled
    ON counted.tenant = modelled.tenant AND counted.routine = modelled.routine AND counted.variant = modelled.variant;

-- One row is one step from one activity to the next, within executions of one routine ('' where none is assigned).
CREATE OR REPLACE VIEW v_transitions AS
WITH assigned AS
    (
        SELECT tenant, segment, argMax(routine, version) AS routine
        FROM routine_assignments
        GROUP BY tenant, segment
    )
SELECT
    tenant, routine, source, target,
    count() AS transitions, uniqExact(actor) AS people, quantile(0.5)(lag) AS lag_median_ms
FROM
(
    SELECT
        segments.tenant AS tenant, assigned.routine AS routine, segments.actor AS actor,
        arrayJoin(arrayZip(
            arrayPopBack(segments.steps.activity), arrayPopFront(segments.steps.activity),
            arrayPopFront(arrayDifference(segments.steps.offset_ms)))) AS step,
        step.1 AS source, step.2 AS target, step.3 AS lag
    FROM segments
    LEFT JOIN assigned ON segments.tenant = assigned.tenant AND segments.id = assigned.segment
)
GROUP BY tenant, routine, source, target
HAVING people >= (SELECT k FROM v_floor);

-- One row is one step of one execution, with the column names that pm4py and other process mining tools expect.
-- A case is one execution; its id is a keyed hash and leads to nobody. Routines below the floor are left out; activities
-- that fewer than k people show within the routine read '(rare)'.
CREATE OR REPLACE VIEW event_log AS
WITH
    assigned AS
    (
        SELECT
            tenant, segment, argMax(routine, version) AS routine,
            argMax(if(execution = '', segment, execution), version) AS execution
        FROM routine_assignments
        GROUP BY tenant, segment
    ),
    steps AS
    (
        SELECT
            assigned.tenant AS tenant, assigned.routine AS routine, assigned.execution AS execution,
            segments.actor AS actor, segments.start_ms AS start_ms, step.1 AS activity, step.2 AS offset_ms,
            step.3 AS active_ms, step.4 AS number
        FROM segments
        INNER JOIN assigned ON segments.tenant = assigned.tenant AND segments.id = assigned.segment
        ARRAY JOIN
            arrayZip(
                segments.steps.activity, segments.steps.offset_ms, segments.steps.active_ms,
                arrayEnumerate(segments.steps.seq)) AS step
        WHERE assigned.routine != ''
    ),
    shown AS
    (
        SELECT tenant, routine
        FROM steps
        GROUP BY tenant, routine
        HAVING uniqExact(actor) >= (SELECT k FROM v_floor)
    ),
    common AS
    (
        SELECT tenant, routine, activity
        FROM steps
        GROUP BY tenant, routine, activity
        HAVING uniqExact(actor) >= (SELECT k FROM v_floor)
    )
SELECT
    hex(sipHash128Keyed((assumeNotNull((SELECT argMax(salt, set_ms) FROM parameters)), toUInt64(0)), execution)) AS "case:concept:name",
    if((tenant, routine, activity) IN (SELECT * FROM common), activity, '(rare)') AS "concept:name",
    start_ms + toIntervalMillisecond(offset_ms) AS "time:timestamp",
    routine AS "case:routine",
    tenant AS "case:tenant",
    active_ms AS active_ms,
    row_number() OVER (PARTITION BY tenant, routine, execution ORDER BY start_ms, number) AS position
FROM steps
WHERE (tenant, routine) IN (SELECT * FROM shown);

-- One row is one minute of the last hour: how long events took from the desktop to this database. About the pipeline.
CREATE OR REPLACE VIEW v_freshness AS
SELECT
    toStartOfMinute(stored_ms) AS minute, count() AS events,
    quantile(0.5)(dateDiff('millisecond', sent_ms, stored_ms)) AS p50_ms,
    quantile(0.99)(dateDiff('millisecond', sent_ms, stored_ms)) AS p99_ms
FROM ui_events
WHERE stored_ms >= now() - INTERVAL 1 HOUR AND toUnixTimestamp64Milli(sent_ms) > 0
GROUP BY minute;

-- One row is one partition of one topic: how far the sink has come, as of at_ms. About the pipeline.
CREATE OR REPLACE VIEW v_pipeline AS
SELECT
    topic, partition, argMax(offset, at_ms) AS offset, argMax(lag, at_ms) AS lag, argMax(rows, at_ms) AS rows,
    max(sink_progress.at_ms) AS seen_ms
FROM sink_progress
GROUP BY topic, partition;

-- One row is one reason for which input was refused. About the pipeline.
CREATE OR REPLACE VIEW v_dead_letters AS
SELECT
    source_topic, stage, reason, uniqExact(id) AS letters, min(at_ms) AS first_ms, max(at_ms) AS last_ms
FROM dead_letters
GROUP BY source_topic, stage, reason;
