WITH paid AS (
  SELECT parcel, year__from, year__to, list(_row) AS rows, sum(coalesce(area_mu, area_ha * 15)) AS area
  FROM farmland_subsidies WHERE year__from >= DATE '2016-01-01'
  GROUP BY parcel, year__from, year__to
  HAVING count(*) = count(coalesce(area_mu, area_ha))
)
SELECT parcel AS per_1, year__from || '..' || year__to AS per_2, 'yellow' AS level,
       paid.rows AS subsidy, p._row AS parcel
FROM paid JOIN parcels p USING (parcel)
WHERE paid.area * 100 > p.area * 105 AND p.redrawn_on__from IS NULL
