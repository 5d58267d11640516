-- One row: how many events are stored.
SELECT events
FROM v_totals
