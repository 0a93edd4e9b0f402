SELECT p.person AS per_1, r.company AS per_2, 'red' AS level,
       p._row AS post, r._row AS role, f._row AS company, c._row AS contract
FROM contracts c
JOIN company_roles r ON r.company = c.supplier
JOIN officials p ON p.person__key = r.person__key AND p.unit = c.buyer
JOIN companies f ON f.code = r.company
WHERE r.kind IN ('legal_rep', 'shareholder', 'controller')
  AND p.started_on__to <= c.signed_on__from AND c.signed_on__to <= p.ended_on__from
  AND r.started_on__to <= c.signed_on__from AND c.signed_on__to <= r.ended_on__from
  AND (c.signed_on__from >= DATE '2019-06-01'
       OR c.signed_on__from >= DATE '2006-01-01' AND c.signed_on__to <= DATE '2019-05-31')
  AND r.assignment_no IS NULL AND r.theft_reported_on__from IS NULL AND r.startup_no IS NULL
  AND (r.kind <> 'shareholder' OR coalesce(r.share_origin NOT IN ('inherited', 'listed'), true))
  AND (f.revoked_on__from IS NULL OR f.revoked_on__from >= c.signed_on__to)
  AND (may_be(p.name__key, r.name__key) OR was(p.former_name__key, r.name__key))
