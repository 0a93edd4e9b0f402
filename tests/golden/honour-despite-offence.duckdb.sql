WITH honour AS (
  SELECT
    person__key,
    name__key,
    former_name__key,
    title,
    list,
    granted_on__from,
    granted_on__to,
    person__who,
    person__tier,
    _row
  FROM honours
  UNION ALL
  SELECT
    person__key,
    name__key,
    former_name__key,
    title,
    list,
    granted_on__from,
    granted_on__to,
    person__who,
    person__tier,
    _row
  FROM honours__maybe AS honours
), offence AS (
  SELECT
    person__key,
    name__key,
    former_name__key,
    kind,
    occurred_on__from,
    occurred_on__to,
    final,
    revoked_on__from,
    amount,
    person__tier,
    _row
  FROM offences
  UNION ALL
  SELECT
    person__key,
    name__key,
    former_name__key,
    kind,
    occurred_on__from,
    occurred_on__to,
    final,
    revoked_on__from,
    amount,
    person__tier,
    _row
  FROM offences__maybe AS offences
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      honour._row AS row_honour,
      offence._row AS row_offence,
      COALESCE(CAST(honour.person__who AS TEXT), '') AS per_1,
      COALESCE(CAST(honour.title AS TEXT), '') AS per_2,
      CASE
        WHEN (
          CASE
            WHEN honour.name__key = offence.name__key
            THEN 'A'
            WHEN honour.name__key LIKE offence.name__key
            THEN 'A'
            WHEN offence.name__key LIKE honour.name__key
            THEN 'A'
            WHEN honour.name__key = offence.former_name__key
            THEN 'A'
            WHEN honour.name__key LIKE offence.former_name__key
            THEN 'A'
            WHEN offence.former_name__key LIKE honour.name__key
            THEN 'A'
            WHEN honour.former_name__key = offence.name__key
            THEN 'A'
            WHEN honour.former_name__key LIKE offence.name__key
            THEN 'A'
            WHEN offence.name__key LIKE honour.former_name__key
            THEN 'A'
            WHEN honour.former_name__key = offence.former_name__key
            THEN 'A'
            WHEN honour.former_name__key LIKE offence.former_name__key
            THEN 'A'
            WHEN offence.former_name__key LIKE honour.former_name__key
            THEN 'A'
            WHEN honour.name__key IS NULL
            OR offence.name__key IS NULL
            OR honour.person__tier <> 'A'
            OR offence.person__tier <> 'A'
            THEN 'A'
            ELSE 'B'
          END
        ) = 'B'
        THEN 'B'
        ELSE GREATEST(honour.person__tier, offence.person__tier)
      END AS tier,
      honour._row AS lead,
      (
        CASE
          WHEN offence.occurred_on__to < honour.granted_on__from
          THEN TRUE
          WHEN offence.occurred_on__from >= honour.granted_on__to
          THEN FALSE
        END
      )
      AND (
        CASE
          WHEN offence.occurred_on__to <= honour.granted_on__from
          AND honour.granted_on__to <= CASE
            WHEN honour.granted_on__to <= CAST('2019-12-31' AS DATE)
            THEN CAST(offence.occurred_on__from + INTERVAL '5' YEAR AS DATE)
            WHEN honour.granted_on__from >= CAST('2020-01-01' AS DATE)
            THEN CAST(offence.occurred_on__from + INTERVAL '10' YEAR AS DATE)
          END
          THEN TRUE
          WHEN honour.granted_on__to < offence.occurred_on__from
          OR honour.granted_on__from > CASE
            WHEN honour.granted_on__to <= CAST('2019-12-31' AS DATE)
            THEN CAST(offence.occurred_on__to + INTERVAL '5' YEAR AS DATE)
            WHEN honour.granted_on__from >= CAST('2020-01-01' AS DATE)
            THEN CAST(offence.occurred_on__to + INTERVAL '10' YEAR AS DATE)
          END
          THEN FALSE
        END
      )
      AND (
        (
          CASE
            WHEN honour.granted_on__from >= CAST('2005-01-01' AS DATE)
            THEN TRUE
            WHEN honour.granted_on__to < CAST('2005-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      honour.list = 'notice' AS left_1,
      offence.kind = 'traffic_fine' AND offence.amount < 20000 AS left_2,
      NOT (
        offence.revoked_on__from IS NULL
      ) AS left_3,
      offence.final IS NULL AS cannot_1,
      NOT (
        offence.final
      ) AS cannot_2,
      offence.kind = 'criminal' AS is_red,
      honour.person__key AS honour__person__key,
      honour.name__key AS honour__name__key,
      honour.former_name__key AS honour__former_name__key,
      honour.title AS honour__title,
      honour.list AS honour__list,
      honour.granted_on__from AS honour__granted_on__from,
      honour.granted_on__to AS honour__granted_on__to,
      honour.person__who AS honour__person__who,
      honour.person__tier AS honour__person__tier,
      offence.person__key AS offence__person__key,
      offence.name__key AS offence__name__key,
      offence.former_name__key AS offence__former_name__key,
      offence.kind AS offence__kind,
      offence.occurred_on__from AS offence__occurred_on__from,
      offence.occurred_on__to AS offence__occurred_on__to,
      offence.final AS offence__final,
      offence.revoked_on__from AS offence__revoked_on__from,
      offence.amount AS offence__amount,
      offence.person__tier AS offence__person__tier
    FROM honour
    JOIN offence
      ON honour.person__key = offence.person__key
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
      OR cannot_1 IS DISTINCT FROM FALSE
      OR cannot_2 IS DISTINCT FROM FALSE
      OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'public notice only'
      WHEN left_2
      THEN 'minor traffic fine'
      WHEN left_3
      THEN 'penalty revoked'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'public notice only'
      WHEN left_2 IS NULL
      THEN 'minor traffic fine'
      WHEN left_3 IS NULL
      THEN 'penalty revoked'
      WHEN cannot_1 IS DISTINCT FROM FALSE
      THEN 'conviction under appeal'
      WHEN cannot_2 IS DISTINCT FROM FALSE
      THEN 'decision not in effect'
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
  judged.row_honour,
  judged.row_offence,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.honour__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__former_name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__title AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__list AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__granted_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__granted_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__person__who AS TEXT), '␀'),
        COALESCE(CAST(judged.honour__person__tier AS TEXT), '␀')
      )
    )
  END AS digest_honour,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.offence__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__former_name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__kind AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__occurred_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__occurred_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__final AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__revoked_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__amount AS TEXT), '␀'),
        COALESCE(CAST(judged.offence__person__tier AS TEXT), '␀')
      )
    )
  END AS digest_offence,
  judged.is_red,
  judged.lead
FROM judged
LEFT JOIN graded
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
