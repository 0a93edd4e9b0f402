SELECT d.lease_no AS per_1, d.instalment AS per_2,
       CASE WHEN d.due_on__to + 60 < $as_of THEN 'red' ELSE 'yellow' END AS level, d._row AS due
FROM lease_dues d
WHERE d.due_on__to + 30 < $as_of
  AND (d.due_on__from >= DATE '2021-04-01'
       OR d.due_on__from >= DATE '2006-07-01' AND d.due_on__to <= DATE '2021-03-31')
  AND (d.agreed_until__from IS NULL OR d.agreed_until__to < $as_of)
  AND d.dispute_filed_on__from IS NULL
  AND d.paid_elsewhere_on__from IS NULL
  AND NOT EXISTS (  -- a payment that may have come
    SELECT 1 FROM lease_receipts r
    WHERE r.lease_no = d.lease_no AND r.instalment = d.instalment
      AND (r.paid_on__from IS NULL OR r.paid_on__from <= $as_of))
