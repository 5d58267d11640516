-- One row: how many people the data are of; 0 where they are fewer than k.
SELECT if(people < {k:UInt32}, 0, people) AS people
FROM v_people
