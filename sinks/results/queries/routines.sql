-- Routines with their evidence, those that take most time first; one of them where an id is given.
SELECT
    COLUMNS('^[^.]+$') EXCEPT (first_ms, last_ms),
    toUnixTimestamp64Milli(first_ms) AS first_ms,
    toUnixTimestamp64Milli(last_ms) AS last_ms,
    CAST(
        arrayZip(flows.source, flows.target, flows.how, flows.form, flows.share)
        AS Array(Tuple(source String, target String, how String, form String, share Float64))) AS flows,
    CAST(
        arrayZip(
            steps.activity, steps.label, steps.presence, steps.repeats, steps.determinism, steps.active_ms, steps.role)
        AS Array(Tuple(
            activity String, label String, presence Float64, repeats Float64, determinism Float64, active_ms UInt64,
            role String))) AS steps,
    CAST(
        arrayZip(edges.source, edges.target, edges.share)
        AS Array(Tuple(source Int32, target Int32, share Float64))) AS edges
FROM v_routines
WHERE people >= {k:UInt32} AND ({id:String} = '' OR id = {id:String})
ORDER BY executions * active_median_ms DESC
LIMIT 400
