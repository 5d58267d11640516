-- Opportunities, best first; of k people at least, and of no fewer than the database's own floor.
SELECT
    * EXCEPT (updated_ms, first_ms, last_ms),
    toUnixTimestamp64Milli(first_ms) AS first_ms,
    toUnixTimestamp64Milli(last_ms) AS last_ms
FROM v_opportunities
WHERE people >= {k:UInt32}
ORDER BY rank, id
LIMIT {top:UInt32}
