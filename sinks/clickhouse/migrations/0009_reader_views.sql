-- What the page and the commands ask of tables, as views: the embedded endpoint's reader reads views alone.

-- One row: how much there is, without persons.
CREATE OR REPLACE VIEW v_totals AS
SELECT
    (SELECT count() FROM ui_events) AS events,
    (SELECT count() FROM segments) AS segments,
    (SELECT uniqExact(id) FROM routines) AS routines;

-- One row: how many people the events are of; 0 below the floor.
CREATE OR REPLACE VIEW v_people AS
SELECT if(uniqExact(actor) < (SELECT k FROM v_floor), 0, uniqExact(actor)) AS people
FROM ui_events;
