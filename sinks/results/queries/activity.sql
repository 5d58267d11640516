-- Events per minute and application in the last day of the data (not of the clock: recordings may be old).
WITH (SELECT max(minute) FROM v_activity WHERE people >= {k:UInt32}) AS newest
SELECT toUnixTimestamp64Milli(minute) AS minute_ms, app, sum(events) AS events
FROM v_activity
WHERE people >= {k:UInt32} AND minute > newest - INTERVAL 24 HOUR
GROUP BY minute_ms, app
ORDER BY minute_ms, app
