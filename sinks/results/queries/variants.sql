-- The ways a routine is carried out, most frequent first.
SELECT routine, variant, steps, executions, share, people, active_median_ms
FROM v_routine_variants
WHERE people >= {k:UInt32}
ORDER BY routine, executions DESC
LIMIT 5 BY routine
LIMIT 1000
