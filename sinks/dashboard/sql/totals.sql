-- One row: how many events are stored, and when the newest arrived.
SELECT count() AS events, toUnixTimestamp64Milli(max(stored_ms)) AS newest_ms
FROM ui_events
