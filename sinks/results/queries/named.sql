-- The id of a routine by its opportunity's rank or by its own id.
SELECT id
FROM
(
    SELECT id, 1 AS place FROM v_opportunities WHERE toString(rank) = {which:String} OR id = {which:String}
    UNION ALL
    SELECT id, 2 AS place FROM v_routines WHERE id = {which:String}
)
ORDER BY place
LIMIT 1
