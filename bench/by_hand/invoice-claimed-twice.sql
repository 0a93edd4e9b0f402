WITH claimed AS (
  SELECT number, coalesce(code, '') AS code, list(_row) AS rows,
         sum(amount) FILTER (amount > 0) AS taken, coalesce(sum(amount) FILTER (amount < 0), 0) AS returned,
         max(face_amount) AS face
  FROM expense_invoices WHERE number IS NOT NULL
  GROUP BY ALL
  HAVING count(*) FILTER (amount > 0) >= 2 AND max(claimed_on__from) >= DATE '2000-07-01'
     AND count(*) = count(amount) AND count(*) = count(face_amount)
     AND min(face_amount) = max(face_amount)
)
SELECT number AS per_1, code AS per_2, 'red' AS level, rows AS claim
FROM claimed WHERE taken > face AND taken + returned > face
