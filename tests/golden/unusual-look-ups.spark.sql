WITH day AS (
  SELECT
    reader,
    day__from,
    day__to,
    period,
    persons,
    own,
    delegated,
    on_duty,
    at_night,
    rest_day,
    _row
  FROM look_up_days
), quartiles AS (
  SELECT
    day.period,
    COUNT(*) AS peers,
    GET(
      SORT_ARRAY(COLLECT_LIST(day.persons)),
      CAST(CEIL(COUNT(day.persons) * 0.25) AS INT) - 1
    ) AS q1,
    GET(
      SORT_ARRAY(COLLECT_LIST(day.persons)),
      CAST(CEIL(COUNT(day.persons) * 0.75) AS INT) - 1
    ) AS q3
  FROM day
  WHERE
    NOT day.period IS NULL AND NOT day.persons IS NULL
  GROUP BY
    day.period
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      day._row AS row_day,
      COALESCE(CAST(day.reader AS STRING), '') AS per_1,
      COALESCE(
        CASE
          WHEN CAST(day.day__from AS STRING) = CAST(day.day__to AS STRING)
          THEN CAST(day.day__from AS STRING)
          ELSE CAST(day.day__from AS STRING) || '..' || CAST(day.day__to AS STRING)
        END,
        ''
      ) AS per_2,
      'A' AS tier,
      day._row AS lead,
      (
        CASE WHEN quartiles.peers >= 8 THEN TRUE END
      )
      AND (
        day.persons > (
          quartiles.q3 + 1.5 * (
            quartiles.q3 - quartiles.q1
          )
        )
      )
      AND (
        day.persons >= 10
      )
      AND (
        (
          CASE
            WHEN day.day__from >= CAST('2021-11-01' AS DATE)
            THEN TRUE
            WHEN day.day__to < CAST('2021-11-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      (
        day.persons - day.own <= (
          quartiles.q3 + 1.5 * (
            quartiles.q3 - quartiles.q1
          )
        )
        OR day.persons - day.own < 10
      ) AS left_1,
      (
        day.persons - day.own - day.delegated <= (
          quartiles.q3 + 1.5 * (
            quartiles.q3 - quartiles.q1
          )
        )
        OR day.persons - day.own - day.delegated < 10
      ) AS left_2,
      (
        day.persons - day.own - day.delegated - day.on_duty <= (
          quartiles.q3 + 1.5 * (
            quartiles.q3 - quartiles.q1
          )
        )
        OR day.persons - day.own - day.delegated - day.on_duty < 10
      ) AS left_3,
      (
        day.at_night > 0 OR day.rest_day
      ) AS is_yellow,
      quartiles.peers AS figure_peers,
      quartiles.q1 AS figure_q1,
      quartiles.q3 AS figure_q3,
      (
        quartiles.q1 - 1.5 * (
          quartiles.q3 - quartiles.q1
        )
      ) AS figure_lower,
      (
        quartiles.q3 + 1.5 * (
          quartiles.q3 - quartiles.q1
        )
      ) AS figure_upper,
      day.reader AS day__reader,
      day.day__from AS day__day__from,
      day.day__to AS day__day__to,
      day.period AS day__period,
      day.persons AS day__persons,
      day.own AS day__own,
      day.delegated AS day__delegated,
      day.on_duty AS day__on_duty,
      day.at_night AS day__at_night,
      day.rest_day AS day__rest_day
    FROM day
    LEFT JOIN quartiles
      ON quartiles.period = day.period
    WHERE
      (
        day.persons >= 10
      ) IS DISTINCT FROM FALSE
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
      THEN 'own files'
      WHEN left_2
      THEN 'done for others'
      WHEN left_3
      THEN 'on duty'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'own files'
      WHEN left_2 IS NULL
      THEN 'done for others'
      WHEN left_3 IS NULL
      THEN 'on duty'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), graded AS (
  SELECT
    judged.per_1,
    judged.per_2,
    CASE
      WHEN MAX(CASE WHEN is_yellow THEN 1 ELSE 0 END) = 1
      THEN 'yellow'
      ELSE 'blue'
    END AS level
  FROM judged
  WHERE
    verdict = 'flag'
  GROUP BY
    judged.per_1,
    judged.per_2
)
SELECT
  judged.per_1,
  judged.per_2,
  judged.verdict,
  judged.decided_by,
  judged.tier,
  CASE WHEN judged.verdict = 'flag' THEN graded.level END AS level,
  judged.row_day,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.day__reader AS STRING), '␀'),
        COALESCE(CAST(judged.day__day__from AS STRING), '␀'),
        COALESCE(CAST(judged.day__day__to AS STRING), '␀'),
        COALESCE(CAST(judged.day__period AS STRING), '␀'),
        COALESCE(CAST(judged.day__persons AS STRING), '␀'),
        COALESCE(CAST(judged.day__own AS STRING), '␀'),
        COALESCE(CAST(judged.day__delegated AS STRING), '␀'),
        COALESCE(CAST(judged.day__on_duty AS STRING), '␀'),
        COALESCE(CAST(judged.day__at_night AS STRING), '␀'),
        COALESCE(CAST(judged.day__rest_day AS STRING), '␀')
      ),
      256
    )
  END AS digest_day,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_peers AS STRING)
  END AS figure_peers,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_q1 AS STRING)
  END AS figure_q1,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_q3 AS STRING)
  END AS figure_q3,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_lower AS STRING)
  END AS figure_lower,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_upper AS STRING)
  END AS figure_upper,
  judged.lead
FROM judged
LEFT JOIN graded
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
