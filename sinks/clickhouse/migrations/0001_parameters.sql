-- One row per change of a parameter that the views below obey; the newest row is in force.
-- Key: none (a handful of rows). Written by `taskstream migrate` alone.
--   k     people a result must cover at least before a view shows it
--   salt  secret with which the views hide the ids of executions; drawn once, never shown by a view
CREATE TABLE IF NOT EXISTS parameters
(
    k UInt32,
    salt UInt64,
    set_ms DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY set_ms;

-- The floor in force, as one row. Without parameters nothing reaches it: closed, not open.
CREATE OR REPLACE VIEW v_floor AS
SELECT if(count() = 0, 4294967295, argMax(k, set_ms)) AS k
FROM parameters;
