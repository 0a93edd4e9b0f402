SELECT p.person AS per_1,
       CASE WHEN bool_or(c.kind IN ('prison', 'detention', 'short_term')) OVER (PARTITION BY p.person)
            THEN 'red' ELSE 'yellow' END AS level,
       p._row AS pension, c._row AS custody
FROM pensions p JOIN custody c USING (person__key)
WHERE p.month__from >= DATE '2001-03-08'
  AND p.amount > 0
  AND c.started_on__to <= p.month__to AND p.month__from <= c.ended_on__from
  AND c.started_on__to <= c.ended_on__from
  AND (c.released_on__from IS NULL OR p.month__from <= c.released_on__from)
  AND (c.kind IN ('prison', 'detention', 'short_term') OR p.adjusted)
  AND c.acquitted_on__from IS NULL
  AND c.final
  AND (may_be(p.name__key, c.name__key) OR was(p.name__key, c.former_name__key))
