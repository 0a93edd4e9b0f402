WITH earned AS (  -- incomes of those who may belong to the household, and may count
  SELECT h._row AS household_row, m._row AS member_row, i._row AS income_row, i.amount,
         i.month__from, i.month__to, h.household, h.members, h.deduction,
         m.name__key AS listed_as, i.name__key AS paid_as, m.started_on__to, m.ended_on__from,
         i.employment_started_on__from, i.employment_started_on__to
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
), rich AS (  -- the few that can be above the limit at all; an income may count twice here
  SELECT household_row FROM earned GROUP BY household_row
  HAVING sum(amount) FILTER (amount > 0) > min(members) * 100000
), once AS (  -- an income counts once, however often its earner is listed
  SELECT household_row, income_row, min(household) AS household, min(month__from) AS month__from,
         min(month__to) AS month__to, min(members) AS members, min(deduction) AS deduction,
         min(amount) AS amount, list(member_row) AS member_rows,
         bool_and(coalesce(
           may_be(listed_as, paid_as) AND month__from <= ended_on__from
           AND started_on__to <= month__to AND started_on__to <= ended_on__from
           AND (employment_started_on__from IS NULL
                OR month__to < employment_started_on__from
                OR month__from > last_day((employment_started_on__to + INTERVAL 5 MONTHS)::DATE)), false)) AS sure
  FROM earned SEMI JOIN rich USING (household_row) GROUP BY household_row, income_row
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
