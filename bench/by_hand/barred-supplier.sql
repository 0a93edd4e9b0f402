SELECT c.contract_no AS per_1, 'red' AS level, c._row AS contract, b._row AS barred
FROM contracts c JOIN barred_suppliers b USING (supplier)
WHERE c.signed_on__from >= DATE '2003-01-01'
  AND b.started_on__to <= c.bid_deadline__from AND c.bid_deadline__to <= b.ended_on__from
  AND (b.lifted_on__from IS NULL OR b.lifted_on__from > c.bid_deadline__to)
