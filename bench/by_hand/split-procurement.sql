WITH small AS (  -- below the limit of their day
  SELECT buyer, item, supplier, amount, signed_on__from AS day, _row,
         CASE WHEN signed_on__from < DATE '2022-01-01' THEN 20000000 ELSE 40000000 END AS fen,
         CASE WHEN kind IN ('framework', 'monthly', 'emergency') OR addition_no IS NOT NULL THEN amount
              WHEN kind IS NOT NULL THEN 0 END AS exempt
  FROM contracts
  WHERE item IS NOT NULL AND signed_on__from = signed_on__to
    AND (amount IS NULL OR amount < CASE WHEN signed_on__from < DATE '2022-01-01' THEN 20000000 ELSE 40000000 END)
), added AS (
  SELECT buyer, item, day, fen, count(*) OVER w AS contracts, count(amount + exempt) OVER w AS known,
         sum(amount) OVER w AS amount, sum(exempt) OVER w AS exempt, min(amount) OVER w AS smallest,
         min(supplier) OVER w = max(supplier) OVER w AS one_supplier
  FROM small
  WINDOW w AS (PARTITION BY buyer, item ORDER BY day
               RANGE BETWEEN INTERVAL 30 DAYS PRECEDING AND CURRENT ROW)
), vague AS (  -- contracts of which the day is not known: whatever they may belong to is left alone
  SELECT buyer, item, signed_on__from, signed_on__to
  FROM contracts
  WHERE signed_on__from < signed_on__to
    AND coalesce(amount < CASE WHEN signed_on__to < DATE '2022-01-01' THEN 20000000
                               WHEN signed_on__from >= DATE '2022-01-01' THEN 40000000 END, true)
), split AS (
  SELECT DISTINCT buyer, item, day,
         bool_or(one_supplier AND smallest * 10 >= fen * 9) OVER (PARTITION BY buyer, item) AS red
  FROM added
  WHERE contracts >= 2 AND contracts = known AND amount >= fen AND amount - exempt >= fen
    AND day >= DATE '2015-03-01'
    AND NOT EXISTS (SELECT 1 FROM vague
                    WHERE vague.buyer = added.buyer AND vague.item = added.item
                      AND signed_on__from <= day AND signed_on__to >= day - 30)
)
SELECT buyer AS per_1, item AS per_2, if(red, 'red', 'yellow') AS level, small._row AS contract
FROM split JOIN small USING (buyer, item)
WHERE small.day BETWEEN split.day - 30 AND split.day
