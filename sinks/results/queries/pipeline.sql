-- How far the sink has come in each topic.
SELECT topic, sum(lag) AS lag, sum(rows) AS rows, toUnixTimestamp64Milli(max(seen_ms)) AS seen_ms
FROM v_pipeline
GROUP BY topic
ORDER BY topic
