WITH fence AS (
  SELECT item, maker, spec, measure, year,
         quantile_disc(price, 0.25) AS q1, quantile_disc(price, 0.75) AS q3
  FROM purchase_lines
  WHERE item IS NOT NULL AND maker IS NOT NULL AND spec IS NOT NULL AND measure IS NOT NULL AND year IS NOT NULL
  GROUP BY ALL HAVING count(price) >= 8
)
SELECT l.line_no AS per_1, 'yellow' AS level, l._row AS line
FROM purchase_lines l JOIN fence f USING (item, maker, spec, measure, year)
WHERE 2 * l.price > 5 * f.q3 - 3 * f.q1
  AND NOT l.freight_included
  AND l.bought_on__from >= DATE '2003-01-01'
