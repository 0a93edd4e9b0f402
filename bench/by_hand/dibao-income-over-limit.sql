WITH earned AS (  -- incomes of those who may belong to the household, and may count
  SELECT h.household, h.month__from, h.month__to, h._row AS household_row, h.members, h.deduction,
         m._row AS member_row, i._row AS income_row, i.amount,
         coalesce(may_be(m.name__key, i.name__key)
           AND i.month__from <= m.ended_on__from AND m.started_on__to <= i.month__to
           AND m.started_on__to <= m.ended_on__from
           AND (i.employment_started_on__from IS NULL
                OR i.month__to < i.employment_started_on__from
                OR i.month__from > last_day((i.employment_started_on__to + INTERVAL 5 MONTHS)::DATE)), false) AS sure
  FROM incomes i
  JOIN household_members m USING (person__key)
  JOIN dibao_households h ON h.household = m.household
   AND h.month__from = i.month__from AND h.month__to = i.month__to
  WHERE NOT coalesce(i.month__from > m.ended_on__to OR m.started_on__from > i.month__to
                     OR m.started_on__from > m.ended_on__to, false)
    AND NOT coalesce(i.month__to >= i.employment_started_on__to
                     AND i.month__from <= last_day((i.employment_started_on__from + INTERVAL 5 MONTHS)::DATE), false)
    AND (h.month__from >= DATE '2014-05-01'
         OR h.month__from >= DATE '1999-10-01' AND h.month__to <= DATE '2014-04-30')
), once AS (  -- an income counts once, however often its earner is listed
  SELECT household_row, income_row, min(household) AS household, min(month__from) AS month__from,
         min(month__to) AS month__to, min(members) AS members, min(deduction) AS deduction,
         min(amount) AS amount, bool_and(sure) AS sure, list(member_row) AS member_rows
  FROM earned GROUP BY household_row, income_row
), added AS (
  SELECT household_row, min(household) AS household, min(month__from) AS month__from,
         min(month__to) AS month__to, min(members) AS members, min(deduction) AS deduction,
         sum(amount) AS income, list(income_row) AS income_rows, flatten(list(member_rows)) AS member_rows
  FROM once GROUP BY household_row
  HAVING bool_and(sure) AND count(*) = count(amount)
)
SELECT household AS per_1, month__from || '..' || month__to AS per_2, 'yellow' AS level,
       household_row AS household, member_rows AS member, income_rows AS income
FROM added
WHERE added.income - deduction > members * CASE WHEN month__to < DATE '2022-01-01' THEN 100000
                                                WHEN month__from >= DATE '2022-01-01' THEN 110000 END
  AND added.income > members * CASE WHEN month__to < DATE '2022-01-01' THEN 100000
                                    WHEN month__from >= DATE '2022-01-01' THEN 110000 END
