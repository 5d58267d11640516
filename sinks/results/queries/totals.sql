-- One row: how many events are stored.
SELECT count() AS events
FROM ui_events
