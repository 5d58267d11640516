-- What several views share stands in one view each. Names that begin with i_ are internal: they hold pseudonyms and rows
-- below the floor, are made for the views alone and may change with any version.

-- Nothing ever wrote it.
DROP TABLE IF EXISTS audit;

-- One row is one routine in its newest version.
CREATE OR REPLACE VIEW i_routines AS
SELECT *
FROM routines
ORDER BY version DESC, stored_ms DESC
LIMIT 1 BY tenant, id;

-- One row is one segment with the routine, the variant and the execution that it is said to belong to now.
CREATE OR REPLACE VIEW i_assignments AS
SELECT
    tenant, segment, argMax(routine, version) AS routine, argMax(variant, version) AS variant,
    argMax(if(execution = '', segment, execution), version) AS execution
FROM routine_assignments
GROUP BY tenant, segment;

-- One row is one execution of a routine: its segments together.
CREATE OR REPLACE VIEW i_executions AS
SELECT
    i_assignments.tenant AS tenant, i_assignments.routine AS routine, i_assignments.execution AS execution,
    any(i_assignments.variant) AS variant, any(segments.actor) AS actor, sum(segments.active_ms) AS active_ms,
    dateDiff('millisecond', min(segments.start_ms), max(segments.end_ms)) AS elapsed_ms
FROM segments
INNER JOIN i_assignments ON segments.tenant = i_assignments.tenant AND segments.id = i_assignments.segment
WHERE i_assignments.routine != ''
GROUP BY tenant, routine, execution;

-- One row is one step of one execution of a routine.
CREATE OR REPLACE VIEW i_steps AS
SELECT
    i_assignments.tenant AS tenant, i_assignments.routine AS routine, i_assignments.execution AS execution,
    segments.actor AS actor, segments.start_ms AS start_ms, step.1 AS activity, step.2 AS offset_ms,
    step.3 AS active_ms, step.4 AS number
FROM segments
INNER JOIN i_assignments ON segments.tenant = i_assignments.tenant AND segments.id = i_assignments.segment
ARRAY JOIN
    arrayZip(
        segments.steps.activity, segments.steps.offset_ms, segments.steps.active_ms,
        arrayEnumerate(segments.steps.seq)) AS step
WHERE i_assignments.routine != '';

-- One row is one routine in its newest version, unless it was withdrawn or taken over: its evidence and process map
-- (edges: positions in steps, -1 for the start or end).
CREATE OR REPLACE VIEW v_routines AS
SELECT
    id, tenant, name, pattern, skeleton, optional, apps, triggers, executions, partial, people, teams, days,
    first_ms, last_ms, active_median_ms, active_p90_ms, active_low_ms, active_high_ms, elapsed_median_ms, elapsed_p90_ms,
    waiting_share, waiting_median_ms, call_share, transfer_share, transferred_values, determinism, complete_share,
    flows.source, flows.target, flows.how, flows.form, flows.share,
    steps.activity, steps.label, steps.presence, steps.repeats, steps.determinism, steps.active_ms, steps.role,
    edges.source, edges.target, edges.share, active_by_idle_ms, version
FROM i_routines
WHERE into = '' AND NOT withdrawn AND people >= (SELECT k FROM v_floor);

-- One row is one routine's time per execution, over the executions stored.
CREATE OR REPLACE VIEW v_task_times AS
SELECT
    executions.tenant AS tenant, executions.routine AS routine, any(i_routines.name) AS name,
    count() AS executions, uniqExact(executions.actor) AS people,
    quantile(0.1)(executions.active_ms) AS active_p10_ms,
    quantile(0.5)(executions.active_ms) AS active_median_ms,
    quantile(0.9)(executions.active_ms) AS active_p90_ms,
    quantile(0.5)(executions.elapsed_ms) AS elapsed_median_ms,
    quantile(0.9)(executions.elapsed_ms) AS elapsed_p90_ms,
    sum(executions.active_ms) AS active_total_ms
FROM i_executions AS executions
LEFT JOIN i_routines ON executions.tenant = i_routines.tenant AND executions.routine = i_routines.id
GROUP BY tenant, routine
HAVING people >= (SELECT k FROM v_floor);

-- One row is one bar of the distribution of active time per execution of a routine; bars below the floor are left out.
-- from_ms, to_ms: bounds of the bar, growing by the square root of 2.
CREATE OR REPLACE VIEW v_task_time_distribution AS
SELECT
    tenant, routine,
    toInt32(floor(2 * log2(greatest(active_ms, 1)))) AS bar,
    toUInt64(round(pow(2, bar / 2))) AS from_ms, toUInt64(round(pow(2, (bar + 1) / 2))) AS to_ms,
    count() AS executions, uniqExact(actor) AS people
FROM i_executions
GROUP BY tenant, routine, bar
HAVING people >= (SELECT k FROM v_floor);

-- One row is one variant of a routine (its sequence of steps). Variants below the floor are merged into '(rare)', which
-- is itself left out below the floor.
CREATE OR REPLACE VIEW v_routine_variants AS
WITH
    common AS
    (
        SELECT tenant, routine, variant
        FROM i_executions
        GROUP BY tenant, routine, variant
        HAVING uniqExact(actor) >= (SELECT k FROM v_floor)
    ),
    modelled AS
    (
        SELECT tenant, id AS routine, variant, steps
        FROM i_routines
        ARRAY JOIN variants.id AS variant, variants.steps AS steps
    ),
    counted AS
    (
        SELECT
            tenant, routine, if((tenant, routine, variant) IN (SELECT * FROM common), variant, '(rare)') AS variant,
            count() AS executions, uniqExact(actor) AS people, quantile(0.5)(active_ms) AS active_median_ms,
            quantile(0.9)(active_ms) AS active_p90_ms
        FROM i_executions
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
    LEFT JOIN i_assignments AS assigned ON segments.tenant = assigned.tenant AND segments.id = assigned.segment
)
GROUP BY tenant, routine, source, target
HAVING people >= (SELECT k FROM v_floor);

-- One row is one step of one execution, with the column names that pm4py and other process mining tools expect.
-- A case is one execution; its id is a keyed hash and leads to nobody. Routines below the floor are left out; activities
-- that fewer than k people show within the routine read '(rare)'.
CREATE OR REPLACE VIEW event_log AS
WITH
    shown AS
    (
        SELECT tenant, routine
        FROM i_steps
        GROUP BY tenant, routine
        HAVING uniqExact(actor) >= (SELECT k FROM v_floor)
    ),
    common AS
    (
        SELECT tenant, routine, activity
        FROM i_steps
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
FROM i_steps
WHERE (tenant, routine) IN (SELECT * FROM shown);
