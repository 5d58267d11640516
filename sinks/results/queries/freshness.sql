-- How long events took from the desktop to this database, by minute of arrival, over the last hour.
SELECT toUnixTimestamp(minute) * 1000 AS minute_ms, events, p50_ms, p99_ms
FROM v_freshness
ORDER BY minute_ms
