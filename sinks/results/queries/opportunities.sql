-- Opportunities, best first; of k people at least, and of no fewer than the database's own floor.
SELECT * EXCEPT (updated_ms)
FROM v_opportunities
WHERE people >= {k:UInt32}
ORDER BY rank, id
LIMIT {top:UInt32}
