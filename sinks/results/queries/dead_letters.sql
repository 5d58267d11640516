-- Refused input by reason.
SELECT stage, reason, sum(letters) AS letters
FROM v_dead_letters
GROUP BY stage, reason
ORDER BY letters DESC
LIMIT 20
