-- Opportunities, best first.
SELECT *
FROM v_opportunities
WHERE people >= {k:UInt32}
ORDER BY rank, id
LIMIT 200
