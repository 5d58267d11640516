-- Values that move between applications, most first.
SELECT source_app AS source, target_app AS target, sum(transfers) AS values, sumIf(transfers, how = 'rekey') AS rekeyed
FROM v_transfers
WHERE people >= {k:UInt32}
GROUP BY source, target
ORDER BY values DESC
LIMIT 40
