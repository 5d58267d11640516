-- The ways a routine is carried out, most frequent first: the best few of each routine, or all of one.
SELECT routine, variant, steps, executions, share, people, active_median_ms, active_p90_ms
FROM v_routine_variants
WHERE people >= {k:UInt32} AND ({routine:String} = '' OR routine = {routine:String})
ORDER BY routine, executions DESC, variant
LIMIT {each:UInt32} BY routine
LIMIT 1000
