-- One row: what there is while nothing is listed; counts without persons, and the floor.
SELECT events, segments, routines, (SELECT people FROM v_people) AS people, (SELECT k FROM v_floor) AS floor
FROM v_totals
