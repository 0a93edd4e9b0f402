WITH dead AS (  -- every source gives a day, and none has withdrawn it
  SELECT person__key, last_day((max(died_on__to) + INTERVAL 1 MONTH)::DATE) AS last_month,
         coalesce(min(in_full(name__key)), min(name__key)) AS name,
         min(former_name__key) AS former, list(_row) AS rows
  FROM deaths WHERE person__key IS NOT NULL GROUP BY person__key
  HAVING count(*) = count(died_on__to) AND count(cancelled_on__from) = 0
     AND all_one(min(name__key), max(name__key), min(in_full(name__key)), max(in_full(name__key)))
), paid AS (
  SELECT p.person, p.scheme, p.month__from, p.account, p._row, d.rows
  FROM benefit_payments p JOIN dead d USING (person__key)
  WHERE p.month__from > d.last_month
    AND (p.month__from >= DATE '2014-05-01'
         OR p.month__from >= DATE '1999-10-01' AND p.month__to <= DATE '2014-04-30')
    AND p.scheme NOT IN ('funeral', 'bereavement')
    AND (p.scheme <> 'dibao' OR p.other_members <= 0)
    AND p.recovered_on__from IS NULL
    AND (may_be(p.name__key, d.name) OR was(p.name__key, d.former))
), warned AS (
  SELECT person, scheme,
         CASE WHEN count(DISTINCT month__from) >= 3 OR count(DISTINCT account) >= 2
              THEN 'red' ELSE 'yellow' END AS level
  FROM paid GROUP BY person, scheme
)
SELECT person AS per_1, scheme AS per_2, level, _row AS payment, rows AS death
FROM paid JOIN warned USING (person, scheme)
