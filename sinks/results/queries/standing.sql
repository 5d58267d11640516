-- One row: what there is while nothing is listed; counts without persons, and the floor.
SELECT
    (SELECT count() FROM ui_events) AS events,
    (SELECT count() FROM segments) AS segments,
    (SELECT uniqExact(id) FROM routines) AS routines,
    (SELECT k FROM v_floor) AS floor
