-- One row: how many people the data are of; 0 where they are fewer than k.
SELECT if(uniqExact(actor) < {k:UInt32}, 0, uniqExact(actor)) AS people
FROM ui_events
