-- What the list's rows open to: the routines' evidence.
SELECT *
FROM v_routines
WHERE people >= {k:UInt32}
ORDER BY executions * active_median_ms DESC
LIMIT 400
