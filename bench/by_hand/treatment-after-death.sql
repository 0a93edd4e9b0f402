WITH dead AS (  -- every source gives a day, and none has withdrawn it
  SELECT person__key, max(died_on__to) AS died_on,
         coalesce(min(in_full(name__key)), min(name__key)) AS name,
         min(former_name__key) AS former, list(_row) AS rows
  FROM deaths WHERE person__key IS NOT NULL GROUP BY person__key
  HAVING count(*) = count(died_on__to) AND count(cancelled_on__from) = 0
     AND all_one(min(name__key), max(name__key), min(in_full(name__key)), max(in_full(name__key)))
)
SELECT c.person AS per_1, 'red' AS level, c._row AS claim, d.rows AS death
FROM medical_claims c JOIN dead d USING (person__key)
WHERE c.service_from__from > d.died_on
  AND (c.service_from__from >= DATE '2021-05-01'
       OR c.service_from__from >= DATE '2011-07-01' AND c.service_from__to <= DATE '2021-04-30')
  AND (may_be(c.name__key, d.name) OR was(c.name__key, d.former))
