WITH pay AS (
  SELECT person, person__key, name__key, unit, month__from, month__to, _row
  FROM payroll
  WHERE amount > 0
    AND (month__from >= DATE '2019-06-01'
         OR month__from >= DATE '2006-01-01' AND month__to <= DATE '2019-05-31')
), dead AS (  -- every source gives a day, and none has withdrawn it
  SELECT person__key, last_day(max(died_on__to)) AS last_month,
         list({name: name__key, former: former_name__key, row: _row}) AS sources
  FROM deaths GROUP BY person__key
  HAVING count(*) = count(died_on__to) AND count(cancelled_on__from) = 0
), found AS (
  SELECT p.person, 'red' AS level, p._row AS pay,
         [s.row for s in d.sources if may_be(p.name__key, s.name) OR was(p.name__key, s.former)] AS death,
         NULL AS custody, NULL AS insured
  FROM pay p JOIN dead d USING (person__key)
  WHERE p.month__from > d.last_month AND len(death) > 0
  UNION ALL
  SELECT p.person, 'red', p._row, NULL, c._row, NULL
  FROM pay p JOIN custody c USING (person__key)
  WHERE c.kind IN ('prison', 'short_term') AND c.final AND c.acquitted_on__from IS NULL
    AND c.started_on__to <= p.month__to AND p.month__from <= c.ended_on__from
    AND c.started_on__to <= c.ended_on__from
    AND (c.released_on__from IS NULL OR p.month__from <= c.released_on__from)
    AND (may_be(p.name__key, c.name__key) OR was(p.name__key, c.former_name__key))
  UNION ALL
  SELECT p.person, 'yellow', p._row, NULL, NULL, s._row
  FROM pay p JOIN social_insurance s USING (person__key)
  WHERE s.employer <> p.unit
    AND s.started_on__to <= p.month__from AND p.month__to <= s.ended_on__from
    AND may_be(p.name__key, s.name__key)
    AND NOT EXISTS (  -- an absence that may cover the month
      SELECT 1 FROM leave_approvals a
      WHERE a.person__key = p.person__key
        AND coalesce(a.started_on__from <= p.month__from, true)
        AND coalesce(a.ended_on__to >= p.month__to, true))
)
SELECT person AS per_1,
       CASE WHEN bool_or(level = 'red') OVER (PARTITION BY person) THEN 'red' ELSE 'yellow' END AS level,
       pay, death, custody, insured
FROM found
