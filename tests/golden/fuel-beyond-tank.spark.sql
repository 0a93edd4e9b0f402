WITH fuel AS (
  SELECT
    plate,
    filled_at__from,
    filled_at__to,
    litres,
    kind,
    _row
  FROM fuel
), vehicle AS (
  SELECT
    plate,
    tank,
    correction_filed_on__from,
    card_kind,
    jerrycan_approved_on__from,
    _row
  FROM vehicles
), gathering AS (
  SELECT
    fuel._row AS row_fuel,
    fuel.plate AS fuel_plate,
    fuel.filled_at__from AS by__from,
    fuel.filled_at__to AS by__to,
    fuel.litres AS of_litres,
    CASE WHEN fuel.kind = 'jerrycan' THEN 1 WHEN NOT (
      fuel.kind IS NULL
    ) THEN 0 END AS of_cans
  FROM fuel
  WHERE
    NOT fuel.plate IS NULL
), inexact AS (
  SELECT
    row_fuel AS row
  FROM gathering
  SEMI JOIN gathering AS other
    ON other.fuel_plate = gathering.fuel_plate
    AND NOT (
      other.by__to < other.by__from + INTERVAL '1' MINUTE
    )
    AND other.row_fuel <> gathering.row_fuel
    AND other.by__from <= gathering.by__to
    AND other.by__to >= gathering.by__from - INTERVAL '4' HOUR
), gathered AS (
  SELECT
    fuel_plate,
    by__from,
    by__to,
    CASE
      WHEN inexact.row IS NULL
      AND by__to < by__from + INTERVAL '1' MINUTE
      AND (
        unknown & 1
      ) = 0
      THEN litres
    END AS litres,
    CASE
      WHEN inexact.row IS NULL AND by__to < by__from + INTERVAL '1' MINUTE
      THEN fills
    END AS fills,
    CASE
      WHEN inexact.row IS NULL
      AND by__to < by__from + INTERVAL '1' MINUTE
      AND (
        unknown & 2
      ) = 0
      THEN cans
    END AS cans,
    tier,
    lead
  FROM (
    SELECT
      fuel_plate,
      by__from,
      by__to,
      SUM(of_litres) OVER within AS litres,
      COUNT(*) OVER within AS fills,
      SUM(of_cans) OVER within AS cans,
      BIT_OR(
        CAST(CASE WHEN of_litres IS NULL THEN 1 ELSE 0 END + CASE WHEN of_cans IS NULL THEN 2 ELSE 0 END AS TINYINT)
      ) OVER within AS unknown,
      'A' AS tier,
      row_fuel AS lead
    FROM gathering
    WINDOW within AS (
      PARTITION BY fuel_plate
      ORDER BY by__from NULLS LAST
      RANGE BETWEEN INTERVAL '4' HOUR PRECEDING AND CURRENT ROW
    )
  ) AS windows
  LEFT JOIN inexact
    ON inexact.row = windows.lead
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      vehicle._row AS row_vehicle,
      gathered.fuel_plate AS at_fuel_plate,
      gathered.by__from AS at_by,
      gathered.lead AS at_row,
      COALESCE(CAST(gathered.fuel_plate AS STRING), '') AS per_1,
      gathered.tier AS tier,
      gathered.lead AS lead,
      (
        (
          gathered.fills >= 2 OR gathered.litres * 100 > vehicle.tank * 110
        )
      )
      AND (
        (
          CASE
            WHEN CAST(gathered.by__from AS DATE) >= CAST('2013-11-18' AS DATE)
            THEN TRUE
            WHEN CAST(gathered.by__to AS DATE) < CAST('2013-11-18' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      vehicle.card_kind = 'fleet' AS left_1,
      NOT (
        vehicle.jerrycan_approved_on__from IS NULL
      ) AND gathered.cans > 0 AS left_2,
      NOT (
        vehicle.correction_filed_on__from IS NULL
      ) AS left_3,
      gathered.fills >= 2 AND gathered.litres * 100 > vehicle.tank * 110 AS is_red,
      gathered.litres AS figure_litres,
      gathered.fills AS figure_fills,
      gathered.cans AS figure_cans,
      CAST(gathered.fuel_plate AS STRING) AS part,
      vehicle.plate AS vehicle__plate,
      vehicle.tank AS vehicle__tank,
      vehicle.correction_filed_on__from AS vehicle__correction_filed_on__from,
      vehicle.card_kind AS vehicle__card_kind,
      vehicle.jerrycan_approved_on__from AS vehicle__jerrycan_approved_on__from
    FROM gathered
    JOIN vehicle
      ON gathered.fuel_plate = vehicle.plate
  ) AS combined
  WHERE
    flag IS DISTINCT FROM FALSE
), judged AS (
  SELECT
    *,
    CASE
      WHEN NOT flag
      THEN 'clear'
      WHEN left_1 OR left_2 OR left_3
      THEN 'left_out'
      WHEN flag IS NULL
      OR left_1 IS NULL
      OR left_2 IS NULL
      OR left_3 IS NULL
      OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'shared fleet card'
      WHEN left_2
      THEN 'approved can for equipment'
      WHEN left_3
      THEN 'tank size under correction'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'shared fleet card'
      WHEN left_2 IS NULL
      THEN 'approved can for equipment'
      WHEN left_3 IS NULL
      THEN 'tank size under correction'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), kept AS (
  SELECT DISTINCT
    at_fuel_plate,
    at_by,
    at_row
  FROM judged
  WHERE
    judged.verdict = 'flag' OR judged.decided_by = 'identity'
), evidence AS (
  SELECT
    kept.at_fuel_plate,
    kept.at_by,
    kept.at_row,
    gathering.row_fuel,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.fuel_plate AS STRING), '␀'),
        COALESCE(CAST(gathering.by__from AS STRING), '␀'),
        COALESCE(CAST(gathering.by__to AS STRING), '␀'),
        COALESCE(CAST(gathering.of_litres AS STRING), '␀'),
        COALESCE(CAST(gathering.of_cans AS STRING), '␀')
      ),
      256
    ) AS digest_fuel
  FROM kept
  JOIN gathering
    ON gathering.fuel_plate = kept.at_fuel_plate
    AND (
      gathering.by__from BETWEEN kept.at_by - INTERVAL '4' HOUR AND kept.at_by
      OR gathering.row_fuel = kept.at_row
    )
), graded AS (
  SELECT
    judged.per_1,
    CASE
      WHEN MAX(CASE WHEN is_red AND tier = 'A' THEN 1 ELSE 0 END) = 1
      THEN 'red'
      WHEN MAX(CASE WHEN is_red THEN 1 ELSE 0 END) = 1
      THEN 'yellow'
      ELSE 'yellow'
    END AS level
  FROM judged
  WHERE
    verdict = 'flag'
  GROUP BY
    judged.per_1
)
SELECT
  judged.per_1,
  judged.verdict,
  judged.decided_by,
  judged.tier,
  CASE WHEN judged.verdict = 'flag' THEN graded.level END AS level,
  evidence.row_fuel,
  judged.row_vehicle,
  evidence.digest_fuel AS digest_fuel,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.vehicle__plate AS STRING), '␀'),
        COALESCE(CAST(judged.vehicle__tank AS STRING), '␀'),
        COALESCE(CAST(judged.vehicle__correction_filed_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.vehicle__card_kind AS STRING), '␀'),
        COALESCE(CAST(judged.vehicle__jerrycan_approved_on__from AS STRING), '␀')
      ),
      256
    )
  END AS digest_vehicle,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_litres AS STRING)
  END AS figure_litres,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_fills AS STRING)
  END AS figure_fills,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_cans AS STRING)
  END AS figure_cans,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN evidence
  ON evidence.at_fuel_plate = CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN judged.at_fuel_plate
  END
  AND evidence.at_by = judged.at_by
  AND evidence.at_row = judged.at_row
LEFT JOIN graded
  ON graded.per_1 = judged.per_1
