WITH subsidy AS (
  SELECT
    parcel,
    year__from,
    year__to,
    area_mu,
    area_ha,
    _row
  FROM farmland_subsidies
), parcel AS (
  SELECT
    parcel,
    area,
    redrawn_on__from,
    _row
  FROM parcels
), gathering AS (
  SELECT
    subsidy._row AS row_subsidy,
    subsidy.parcel AS subsidy_parcel,
    subsidy.year__from AS subsidy_year__from,
    subsidy.year__to AS subsidy_year__to,
    COALESCE(subsidy.area_mu, subsidy.area_ha * 15) AS of_area
  FROM subsidy
  WHERE
    NOT subsidy.parcel IS NULL
    AND NOT subsidy.year__from IS NULL
    AND NOT subsidy.year__to IS NULL
), gathered AS (
  SELECT
    subsidy_parcel,
    subsidy_year__from,
    subsidy_year__to,
    CASE WHEN COUNT(*) = COUNT(of_area) THEN SUM(of_area) END AS area,
    COUNT(*) AS payments,
    'A' AS tier,
    MIN(row_subsidy) AS lead
  FROM gathering
  GROUP BY
    subsidy_parcel,
    subsidy_year__from,
    subsidy_year__to
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      parcel._row AS row_parcel,
      gathered.subsidy_parcel AS at_subsidy_parcel,
      gathered.subsidy_year__from AS at_subsidy_year__from,
      gathered.subsidy_year__to AS at_subsidy_year__to,
      COALESCE(CAST(gathered.subsidy_parcel AS TEXT), '') AS per_1,
      COALESCE(
        CASE
          WHEN CAST(gathered.subsidy_year__from AS TEXT) = CAST(gathered.subsidy_year__to AS TEXT)
          THEN CAST(gathered.subsidy_year__from AS TEXT)
          ELSE CAST(gathered.subsidy_year__from AS TEXT) || '..' || CAST(gathered.subsidy_year__to AS TEXT)
        END,
        ''
      ) AS per_2,
      gathered.tier AS tier,
      gathered.lead AS lead,
      (
        gathered.area * 100 > parcel.area * 105
      )
      AND (
        (
          CASE
            WHEN gathered.subsidy_year__from >= CAST('2016-01-01' AS DATE)
            THEN TRUE
            WHEN gathered.subsidy_year__to < CAST('2016-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      NOT (
        parcel.redrawn_on__from IS NULL
      ) AS left_1,
      gathered.area AS figure_area,
      gathered.payments AS figure_payments,
      CAST(gathered.subsidy_parcel AS TEXT) AS part,
      parcel.parcel AS parcel__parcel,
      parcel.area AS parcel__area,
      parcel.redrawn_on__from AS parcel__redrawn_on__from
    FROM gathered
    JOIN parcel
      ON gathered.subsidy_parcel = parcel.parcel
  ) AS combined
  WHERE
    flag IS DISTINCT FROM FALSE
), judged AS (
  SELECT
    *,
    CASE
      WHEN NOT flag
      THEN 'clear'
      WHEN left_1
      THEN 'left_out'
      WHEN flag IS NULL OR left_1 IS NULL OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'parcel redrawn'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'parcel redrawn'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), kept AS (
  SELECT DISTINCT
    at_subsidy_parcel,
    at_subsidy_year__from,
    at_subsidy_year__to
  FROM judged
  WHERE
    judged.verdict = 'flag' OR judged.decided_by = 'identity'
), evidence AS (
  SELECT
    kept.at_subsidy_parcel,
    kept.at_subsidy_year__from,
    kept.at_subsidy_year__to,
    gathering.row_subsidy,
    SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.subsidy_parcel AS TEXT), '␀'),
        COALESCE(CAST(gathering.subsidy_year__from AS TEXT), '␀'),
        COALESCE(CAST(gathering.subsidy_year__to AS TEXT), '␀'),
        COALESCE(CAST(gathering.of_area AS TEXT), '␀')
      )
    ) AS digest_subsidy
  FROM kept
  JOIN gathering
    ON gathering.subsidy_parcel = kept.at_subsidy_parcel
    AND gathering.subsidy_year__from = kept.at_subsidy_year__from
    AND gathering.subsidy_year__to = kept.at_subsidy_year__to
)
SELECT
  judged.per_1,
  judged.per_2,
  judged.verdict,
  judged.decided_by,
  judged.tier,
  CASE WHEN judged.verdict = 'flag' THEN 'yellow' END AS level,
  evidence.row_subsidy,
  judged.row_parcel,
  evidence.digest_subsidy AS digest_subsidy,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.parcel__parcel AS TEXT), '␀'),
        COALESCE(CAST(judged.parcel__area AS TEXT), '␀'),
        COALESCE(CAST(judged.parcel__redrawn_on__from AS TEXT), '␀')
      )
    )
  END AS digest_parcel,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_area AS TEXT)
  END AS figure_area,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_payments AS TEXT)
  END AS figure_payments,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN evidence
  ON evidence.at_subsidy_parcel = CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN judged.at_subsidy_parcel
  END
  AND evidence.at_subsidy_year__from = judged.at_subsidy_year__from
  AND evidence.at_subsidy_year__to = judged.at_subsidy_year__to
