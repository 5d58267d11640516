-- Times and variants as the catalogue counts them, so that every view tells the same as the list does.
--   active_total_ms  of all executions together, with those that were cut off
--   variants.people, variants.active_*  of each variant; variants.merged: earlier variants that it stands for now
ALTER TABLE routines
    ADD COLUMN IF NOT EXISTS active_total_ms UInt64,
    ADD COLUMN IF NOT EXISTS `variants.people` Array(UInt32),
    ADD COLUMN IF NOT EXISTS `variants.active_median_ms` Array(UInt64),
    ADD COLUMN IF NOT EXISTS `variants.active_p90_ms` Array(UInt64),
    ADD COLUMN IF NOT EXISTS `variants.merged` Array(Array(String));

-- One row is one routine in its newest version. Made anew: a view has the columns that its table had then.
CREATE OR REPLACE VIEW i_routines AS
SELECT *
FROM routines
ORDER BY version DESC, stored_ms DESC
LIMIT 1 BY tenant, id;

-- Hours spent and hours saved are two things, each with its 95 % interval; the list is ranked by the hours saved.
--   first_ms, last_ms, working_days, people_known  what all was observed; preliminary: why not to rely on the rate yet
DROP VIEW IF EXISTS v_opportunities;
ALTER TABLE opportunities RENAME COLUMN IF EXISTS hours_per_year TO hours_spent_per_year;
ALTER TABLE opportunities RENAME COLUMN IF EXISTS hours_per_year_low TO hours_spent_per_year_low;
ALTER TABLE opportunities RENAME COLUMN IF EXISTS hours_per_year_high TO hours_spent_per_year_high;
ALTER TABLE opportunities DROP COLUMN IF EXISTS score;
ALTER TABLE opportunities
    ADD COLUMN IF NOT EXISTS people_known UInt32,
    ADD COLUMN IF NOT EXISTS first_ms DateTime64(3, 'UTC'),
    ADD COLUMN IF NOT EXISTS last_ms DateTime64(3, 'UTC'),
    ADD COLUMN IF NOT EXISTS working_days Float64,
    ADD COLUMN IF NOT EXISTS preliminary String,
    ADD COLUMN IF NOT EXISTS active_total_ms UInt64,
    ADD COLUMN IF NOT EXISTS hours_per_week_low Float64,
    ADD COLUMN IF NOT EXISTS hours_per_week_high Float64,
    ADD COLUMN IF NOT EXISTS hours_saved_per_year Float64,
    ADD COLUMN IF NOT EXISTS hours_saved_per_year_low Float64,
    ADD COLUMN IF NOT EXISTS hours_saved_per_year_high Float64,
    ADD COLUMN IF NOT EXISTS currency LowCardinality(String);

-- One row is one opportunity in its newest version, unless withdrawn. Best first: ORDER BY rank.
CREATE OR REPLACE VIEW v_opportunities AS
SELECT
    rank, name, verdict, preliminary, hours_saved_per_year, hours_saved_per_year_low, hours_saved_per_year_high,
    hours_per_week, hours_per_week_low, hours_per_week_high,
    hours_spent_per_year, hours_spent_per_year_low, hours_spent_per_year_high,
    executions, executions_per_week, people, people_known, first_ms, last_ms, working_days,
    active_median_ms, active_p90_ms, active_low_ms, active_high_ms, active_total_ms,
    steps, apps, pattern, variants, transferred_values, transfer_share, determinism, exceptions,
    currency, build_cost, yearly_saving, net_saving_low, net_saving, net_saving_high,
    payback_months_low, payback_months, payback_months_high,
    why, assumptions, covers, id, tenant, version, updated_ms
FROM
(
    SELECT * FROM opportunities
    ORDER BY version DESC, stored_ms DESC
    LIMIT 1 BY tenant, id
)
WHERE NOT withdrawn AND people >= (SELECT k FROM v_floor);

-- One row is one variant of a routine that is in the catalogue now, by an id that it has or had: what was said of an
-- execution once leads to the routine and the variant that stand for it now.
CREATE OR REPLACE VIEW i_variants AS
SELECT tenant, id AS routine, variant, arrayJoin(arrayConcat([variant], merged)) AS known_as
FROM i_routines
ARRAY JOIN variants.id AS variant, variants.merged AS merged
WHERE into = '' AND NOT withdrawn;

-- One row is one segment with the routine, the variant and the execution that it belongs to now; no variant where the
-- routine shows none.
CREATE OR REPLACE VIEW i_assignments AS
WITH
    said AS
    (
        SELECT
            tenant, segment, argMax(routine, version) AS routine, argMax(variant, version) AS variant,
            argMax(if(execution = '', segment, execution), version) AS execution
        FROM routine_assignments
        GROUP BY tenant, segment
    ),
    living AS
    (
        SELECT
            said.tenant AS tenant, said.segment AS segment,
            if(i_routines.into != '', i_routines.into, if(i_routines.withdrawn, '', said.routine)) AS routine,
            said.variant AS variant, said.execution AS execution
        FROM said
        LEFT JOIN i_routines ON said.tenant = i_routines.tenant AND said.routine = i_routines.id
    )
SELECT
    living.tenant AS tenant, living.segment AS segment, living.routine AS routine, i_variants.variant AS variant,
    living.execution AS execution
FROM living
LEFT JOIN i_variants
    ON living.tenant = i_variants.tenant AND living.routine = i_variants.routine
    AND living.variant = i_variants.known_as;

-- One row is one routine in its newest version, unless it was withdrawn or taken over: its evidence and process map
-- (edges: positions in steps, -1 for the start or end).
CREATE OR REPLACE VIEW v_routines AS
SELECT
    id, tenant, name, pattern, skeleton, optional, apps, triggers, executions, partial, people, teams, days,
    first_ms, last_ms, active_median_ms, active_p90_ms, active_low_ms, active_high_ms, active_total_ms,
    elapsed_median_ms, elapsed_p90_ms,
    waiting_share, waiting_median_ms, call_share, transfer_share, transferred_values, determinism, complete_share,
    flows.source, flows.target, flows.how, flows.form, flows.share,
    steps.activity, steps.label, steps.presence, steps.repeats, steps.determinism, steps.active_ms, steps.role,
    edges.source, edges.target, edges.share, active_by_idle_ms, version
FROM i_routines
WHERE into = '' AND NOT withdrawn AND people >= (SELECT k FROM v_floor);

-- One row is one routine's time per execution, as the list tells it.
CREATE OR REPLACE VIEW v_task_times AS
SELECT
    tenant, id AS routine, name, executions, people, active_low_ms, active_median_ms, active_high_ms, active_p90_ms,
    elapsed_median_ms, elapsed_p90_ms, active_total_ms
FROM v_routines;

-- One row is one variant of a routine (its sequence of steps), as the routine's evidence tells it.
CREATE OR REPLACE VIEW v_routine_variants AS
SELECT
    tenant, id AS routine, variant, steps, variant_executions AS executions, share, variant_people AS people,
    median_ms AS active_median_ms, p90_ms AS active_p90_ms
FROM i_routines
ARRAY JOIN
    variants.id AS variant, variants.steps AS steps, variants.executions AS variant_executions, variants.share AS share,
    variants.people AS variant_people, variants.active_median_ms AS median_ms, variants.active_p90_ms AS p90_ms
WHERE into = '' AND NOT withdrawn
    AND i_routines.people >= (SELECT k FROM v_floor) AND variant_people >= (SELECT k FROM v_floor);
