-- Digits 7 to 14 of a citizen number are the day of birth; digit 17 is odd for men.
CREATE TEMP MACRO years_on(key, day) AS
  (year(day) * 10000 + month(day) * 100 + day(day) - key // 1000 % 100000000) // 10000;
WITH claim AS (  -- the age is worked out once for each row
  SELECT claim_no, item, person__key, _row, years_on(person__key, service_from__from) AS age,
         if(service_from__from = service_from__to, age, years_on(person__key, service_from__to)) AS age_at_last
  FROM medical_claims
  WHERE service_from__from >= DATE '2021-05-01' AND newborn IS NOT TRUE AND corrected_on__from IS NULL
)
SELECT c.claim_no AS per_1, 'blue' AS level, c._row AS claim, i._row AS item
FROM claim c JOIN medical_items i ON c.item = i.code
WHERE i.sex = 'M' AND c.person__key % 2 = 0
   OR i.sex = 'F' AND c.person__key % 2 = 1
   OR (c.age < coalesce(i.min_age, 0) OR c.age > coalesce(i.max_age, 150)) AND c.age = c.age_at_last
