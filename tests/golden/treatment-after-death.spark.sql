WITH claim AS (
  SELECT
    person__key,
    name__key,
    service_from__from,
    service_from__to,
    person__who,
    person__tier,
    _row
  FROM medical_claims
), death AS (
  SELECT
    person,
    person__key,
    name__key,
    former_name__key,
    died_on__from,
    died_on__to,
    cancelled_on__from,
    person__who,
    _row
  FROM deaths
), gathering AS (
  SELECT
    death._row AS row_death,
    death.person AS death_person,
    death.person__key AS death_person__key,
    death.person__who AS death_person__who,
    death.name__key AS death_name__key,
    death.former_name__key AS death_former_name__key,
    CASE WHEN NOT (
      death.cancelled_on__from IS NULL
    ) THEN 1 ELSE 0 END AS of_cancelled,
    death.died_on__from AS of_first__from,
    death.died_on__to AS of_first__to
  FROM death
  WHERE
    NOT death.person__key IS NULL
), gathered AS (
  SELECT
    death_person__key,
    MIN(death_person) AS death_person,
    MIN(death_person__who) AS death_person__who,
    COALESCE(
      MIN(
        CASE
          WHEN NOT CONTAINS(death_name__key, '%') AND NOT CONTAINS(death_name__key, '_')
          THEN death_name__key
        END
      ),
      MIN(death_name__key)
    ) AS death_name__key,
    COALESCE(
      MIN(
        CASE
          WHEN NOT CONTAINS(death_former_name__key, '%')
          AND NOT CONTAINS(death_former_name__key, '_')
          THEN death_former_name__key
        END
      ),
      MIN(death_former_name__key)
    ) AS death_former_name__key,
    COUNT(*) AS sources,
    SUM(of_cancelled) AS cancelled,
    CASE WHEN COUNT(*) = COUNT(of_first__from) THEN MIN(of_first__from) END AS first__from,
    CASE WHEN COUNT(*) = COUNT(of_first__from) THEN MIN(of_first__to) END AS first__to,
    CASE WHEN COUNT(*) = COUNT(of_first__from) THEN MAX(of_first__from) END AS last__from,
    CASE WHEN COUNT(*) = COUNT(of_first__from) THEN MAX(of_first__to) END AS last__to,
    CASE
      WHEN NOT (
        (
          MIN(
            CASE
              WHEN NOT CONTAINS(death_name__key, '%') AND NOT CONTAINS(death_name__key, '_')
              THEN death_name__key
            END
          ) IS NOT DISTINCT FROM MAX(
            CASE
              WHEN NOT CONTAINS(death_name__key, '%') AND NOT CONTAINS(death_name__key, '_')
              THEN death_name__key
            END
          )
          AND (
            MIN(death_name__key) IS NULL
            OR MIN(death_name__key) = MAX(death_name__key)
            OR MIN(death_name__key) LIKE MAX(death_name__key) ESCAPE '␛'
            OR MAX(death_name__key) LIKE MIN(death_name__key) ESCAPE '␛'
          )
        )
      )
      THEN 'B'
      ELSE 'A'
    END AS tier,
    MIN(row_death) AS lead
  FROM gathering
  GROUP BY
    death_person__key
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      claim._row AS row_claim,
      gathered.death_person__key AS at_death_person__key,
      COALESCE(CAST(claim.person__who AS STRING), '') AS per_1,
      CASE
        WHEN (
          CASE
            WHEN gathered.death_name__key = claim.name__key
            THEN 'A'
            WHEN gathered.death_name__key LIKE claim.name__key ESCAPE '␛'
            THEN 'A'
            WHEN claim.name__key LIKE gathered.death_name__key ESCAPE '␛'
            THEN 'A'
            WHEN gathered.death_former_name__key = claim.name__key
            THEN 'A'
            WHEN gathered.death_former_name__key LIKE claim.name__key ESCAPE '␛'
            THEN 'A'
            WHEN claim.name__key LIKE gathered.death_former_name__key ESCAPE '␛'
            THEN 'A'
            WHEN gathered.death_name__key IS NULL
            OR claim.name__key IS NULL
            OR claim.person__tier <> 'A'
            THEN 'A'
            ELSE 'B'
          END
        ) = 'B'
        OR (
          gathered.tier
        ) = 'B'
        THEN 'B'
        ELSE GREATEST(claim.person__tier, gathered.tier)
      END AS tier,
      gathered.lead AS lead,
      (
        CASE
          WHEN gathered.first__to < claim.service_from__from
          THEN TRUE
          WHEN gathered.first__from >= claim.service_from__to
          THEN FALSE
        END
      )
      AND (
        (
          CASE
            WHEN claim.service_from__from >= CAST('2011-07-01' AS DATE)
            THEN TRUE
            WHEN claim.service_from__to < CAST('2011-07-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      gathered.cancelled = gathered.sources AS left_1,
      NOT (
        CASE
          WHEN gathered.last__to < claim.service_from__from
          THEN TRUE
          WHEN gathered.last__from >= claim.service_from__to
          THEN FALSE
        END
      ) AS cannot_1,
      gathered.cancelled > 0 AS cannot_2,
      gathered.sources AS figure_sources,
      gathered.cancelled AS figure_cancelled,
      gathered.first__from AS figure_first__from,
      gathered.first__to AS figure_first__to,
      gathered.last__from AS figure_last__from,
      gathered.last__to AS figure_last__to,
      CAST(gathered.death_person__key AS STRING) AS part,
      claim.person__key AS claim__person__key,
      claim.name__key AS claim__name__key,
      claim.service_from__from AS claim__service_from__from,
      claim.service_from__to AS claim__service_from__to,
      claim.person__who AS claim__person__who,
      claim.person__tier AS claim__person__tier
    FROM gathered
    JOIN claim
      ON gathered.death_person__key = claim.person__key
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
      WHEN flag IS NULL
      OR left_1 IS NULL
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
      THEN 'death record cancelled'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'death record cancelled'
      WHEN cannot_1 IS DISTINCT FROM FALSE
      THEN 'sources disagree on the date'
      WHEN cannot_2 IS DISTINCT FROM FALSE
      THEN 'one source cancelled'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), kept AS (
  SELECT
    EXPLODE(found) AS at_death_person__key
  FROM (
    SELECT
      COLLECT_LIST(DISTINCT at_death_person__key) AS found
    FROM judged
    WHERE
      judged.verdict = 'flag' OR judged.decided_by = 'identity'
  ) AS listed
), evidence AS (
  SELECT
    kept.at_death_person__key,
    gathering.row_death,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.death_person__key AS STRING), '␀'),
        COALESCE(CAST(gathering.death_name__key AS STRING), '␀'),
        COALESCE(CAST(gathering.death_former_name__key AS STRING), '␀'),
        COALESCE(CAST(gathering.of_cancelled AS STRING), '␀'),
        COALESCE(CAST(gathering.of_first__from AS STRING), '␀'),
        COALESCE(CAST(gathering.of_first__to AS STRING), '␀')
      ),
      256
    ) AS digest_death
  FROM kept
  JOIN gathering
    ON gathering.death_person__key = kept.at_death_person__key
), graded AS (
  SELECT
    judged.per_1,
    CASE WHEN MIN(tier) = 'A' THEN 'red' ELSE 'yellow' END AS level
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
  evidence.row_death,
  judged.row_claim,
  evidence.digest_death AS digest_death,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.claim__person__key AS STRING), '␀'),
        COALESCE(CAST(judged.claim__name__key AS STRING), '␀'),
        COALESCE(CAST(judged.claim__service_from__from AS STRING), '␀'),
        COALESCE(CAST(judged.claim__service_from__to AS STRING), '␀'),
        COALESCE(CAST(judged.claim__person__who AS STRING), '␀'),
        COALESCE(CAST(judged.claim__person__tier AS STRING), '␀')
      ),
      256
    )
  END AS digest_claim,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_sources AS STRING)
  END AS figure_sources,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_cancelled AS STRING)
  END AS figure_cancelled,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CASE
      WHEN CAST(judged.figure_first__from AS STRING) = CAST(judged.figure_first__to AS STRING)
      THEN CAST(judged.figure_first__from AS STRING)
      ELSE CAST(judged.figure_first__from AS STRING) || '..' || CAST(judged.figure_first__to AS STRING)
    END
  END AS figure_first,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CASE
      WHEN CAST(judged.figure_last__from AS STRING) = CAST(judged.figure_last__to AS STRING)
      THEN CAST(judged.figure_last__from AS STRING)
      ELSE CAST(judged.figure_last__from AS STRING) || '..' || CAST(judged.figure_last__to AS STRING)
    END
  END AS figure_last,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN evidence
  ON evidence.at_death_person__key = CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN judged.at_death_person__key
  END
LEFT JOIN graded
  ON graded.per_1 = judged.per_1
