-- call_ms: the part of waiting_ms with an application for calls in front.
ALTER TABLE segments ADD COLUMN IF NOT EXISTS call_ms UInt64;

-- call_share: of the elapsed time, in calls; waiting_share leaves calls out.
ALTER TABLE routines ADD COLUMN IF NOT EXISTS call_share Float64;

-- One row is one routine in its newest version, unless it was withdrawn or taken over: its evidence and process map
-- (edges: positions in steps, -1 for the start or end).
CREATE OR REPLACE VIEW v_routines AS
SELECT
    id, tenant, name, pattern, skeleton, optional, apps, triggers, executions, people, teams, days, first_ms, last_ms,
    active_median_ms, active_p90_ms, active_low_ms, active_high_ms, elapsed_median_ms, elapsed_p90_ms,
    waiting_share, waiting_median_ms, call_share, transfer_share, transferred_values, determinism, complete_share,
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
