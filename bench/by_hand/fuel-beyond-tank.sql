WITH fill AS (
  SELECT plate, filled_at__from AS filled, litres, kind, _row
  FROM fuel WHERE filled_at__to < filled_at__from + INTERVAL 1 MINUTE
), added AS (
  SELECT plate, filled, count(*) OVER w AS fills, count(*) FILTER (kind = 'jerrycan') OVER w AS cans,
         CASE WHEN count(*) OVER w = count(litres) OVER w THEN sum(litres) OVER w END AS litres
  FROM fill
  WINDOW w AS (PARTITION BY plate ORDER BY filled RANGE BETWEEN INTERVAL 4 HOURS PRECEDING AND CURRENT ROW)
), vague AS (  -- fills of which the hour is not known: whoever may have one within reach is left alone
  SELECT plate, filled_at__from, filled_at__to
  FROM fuel WHERE filled_at__to >= filled_at__from + INTERVAL 1 MINUTE
), beyond AS (
  SELECT DISTINCT plate, filled, v._row,
         bool_or(fills >= 2 AND coalesce(litres * 100 > v.tank * 110, false)) OVER (PARTITION BY plate) AS red
  FROM added JOIN vehicles v USING (plate)
  WHERE filled >= DATE '2013-11-18'
    AND (fills >= 2 OR litres * 100 > v.tank * 110)
    AND v.card_kind <> 'fleet'
    AND (v.jerrycan_approved_on__from IS NULL OR cans = 0)
    AND v.correction_filed_on__from IS NULL
    AND NOT EXISTS (SELECT 1 FROM vague
                    WHERE vague.plate = added.plate AND filled_at__from <= filled
                      AND filled_at__to >= filled - INTERVAL 4 HOURS)
)
SELECT plate AS per_1, if(red, 'red', 'yellow') AS level, fill._row AS fuel, beyond._row AS vehicle
FROM beyond JOIN fill USING (plate)
WHERE fill.filled BETWEEN beyond.filled - INTERVAL 4 HOURS AND beyond.filled
