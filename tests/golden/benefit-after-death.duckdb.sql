WITH payment AS (
  SELECT
    person__key,
    name__key,
    scheme,
    month__from,
    month__to,
    account,
    other_members,
    recovered_on__from,
    person__who,
    _row
  FROM benefit_payments
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
    *,
    LAST_DAY(CAST(gathered.first__from + INTERVAL '1' MONTH AS DATE)) AS derived__1,
    LAST_DAY(CAST(gathered.first__to + INTERVAL '1' MONTH AS DATE)) AS derived__2,
    LAST_DAY(CAST(gathered.last__from + INTERVAL '1' MONTH AS DATE)) AS derived__3,
    LAST_DAY(CAST(gathered.last__to + INTERVAL '1' MONTH AS DATE)) AS derived__4
  FROM (
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
              OR MIN(death_name__key) LIKE MAX(death_name__key)
              OR MAX(death_name__key) LIKE MIN(death_name__key)
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
  ) AS gathered
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      payment._row AS row_payment,
      gathered.death_person__key AS at_death_person__key,
      COALESCE(CAST(payment.person__who AS TEXT), '') AS per_1,
      COALESCE(CAST(payment.scheme AS TEXT), '') AS per_2,
      CASE
        WHEN (
          CASE
            WHEN gathered.death_name__key = payment.name__key
            THEN 'A'
            WHEN gathered.death_name__key LIKE payment.name__key
            THEN 'A'
            WHEN payment.name__key LIKE gathered.death_name__key
            THEN 'A'
            WHEN gathered.death_former_name__key = payment.name__key
            THEN 'A'
            WHEN gathered.death_former_name__key LIKE payment.name__key
            THEN 'A'
            WHEN payment.name__key LIKE gathered.death_former_name__key
            THEN 'A'
            WHEN gathered.death_name__key IS NULL OR payment.name__key IS NULL
            THEN 'A'
            ELSE 'B'
          END
        ) = 'B'
        OR (
          gathered.tier
        ) = 'B'
        THEN 'B'
        ELSE gathered.tier
      END AS tier,
      gathered.lead AS lead,
      (
        CASE
          WHEN gathered.derived__2 < payment.month__from
          THEN TRUE
          WHEN gathered.derived__1 >= payment.month__from
          THEN FALSE
        END
      )
      AND (
        (
          CASE
            WHEN payment.month__from >= CAST('1999-10-01' AS DATE)
            THEN TRUE
            WHEN payment.month__to < CAST('1999-10-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      payment.scheme IN ('funeral', 'bereavement') AS left_1,
      payment.scheme = 'dibao' AND payment.other_members > 0 AS left_2,
      NOT (
        payment.recovered_on__from IS NULL
      ) AS left_3,
      gathered.cancelled = gathered.sources AS left_4,
      NOT (
        CASE
          WHEN gathered.derived__4 < payment.month__from
          THEN TRUE
          WHEN gathered.derived__3 >= payment.month__from
          THEN FALSE
        END
      ) AS cannot_1,
      gathered.cancelled > 0 AS cannot_2,
      CAST(payment.month__from AS TEXT) || CAST(payment.month__to AS TEXT) AS of_red_distinct_1,
      payment.account AS of_red_distinct_2,
      gathered.sources AS figure_sources,
      gathered.cancelled AS figure_cancelled,
      gathered.first__from AS figure_first__from,
      gathered.first__to AS figure_first__to,
      gathered.last__from AS figure_last__from,
      gathered.last__to AS figure_last__to,
      CAST(gathered.death_person__key AS TEXT) AS part,
      payment.person__key AS payment__person__key,
      payment.name__key AS payment__name__key,
      payment.scheme AS payment__scheme,
      payment.month__from AS payment__month__from,
      payment.month__to AS payment__month__to,
      payment.account AS payment__account,
      payment.other_members AS payment__other_members,
      payment.recovered_on__from AS payment__recovered_on__from,
      payment.person__who AS payment__person__who
    FROM gathered
    JOIN payment
      ON gathered.death_person__key = payment.person__key
  ) AS combined
  WHERE
    flag IS DISTINCT FROM FALSE
), judged AS (
  SELECT
    *,
    CASE
      WHEN NOT flag
      THEN 'clear'
      WHEN left_1 OR left_2 OR left_3 OR left_4
      THEN 'left_out'
      WHEN flag IS NULL
      OR left_1 IS NULL
      OR left_2 IS NULL
      OR left_3 IS NULL
      OR left_4 IS NULL
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
      THEN 'funeral or bereavement grant'
      WHEN left_2
      THEN 'other members of the household'
      WHEN left_3
      THEN 'recovered or set off'
      WHEN left_4
      THEN 'death record cancelled'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'funeral or bereavement grant'
      WHEN left_2 IS NULL
      THEN 'other members of the household'
      WHEN left_3 IS NULL
      THEN 'recovered or set off'
      WHEN left_4 IS NULL
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
    UNNEST(found) AS at_death_person__key
  FROM (
    SELECT
      ARRAY_AGG(DISTINCT at_death_person__key) AS found
    FROM judged
    WHERE
      judged.verdict = 'flag' OR judged.decided_by = 'identity'
  ) AS listed
), evidence AS (
  SELECT
    kept.at_death_person__key,
    gathering.row_death,
    SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.death_person__key AS TEXT), '␀'),
        COALESCE(CAST(gathering.death_name__key AS TEXT), '␀'),
        COALESCE(CAST(gathering.death_former_name__key AS TEXT), '␀'),
        COALESCE(CAST(gathering.of_cancelled AS TEXT), '␀'),
        COALESCE(CAST(gathering.of_first__from AS TEXT), '␀'),
        COALESCE(CAST(gathering.of_first__to AS TEXT), '␀')
      )
    ) AS digest_death
  FROM kept
  JOIN gathering
    ON gathering.death_person__key = kept.at_death_person__key
), tally_payment AS (
  SELECT
    per_1,
    per_2,
    CASE
      WHEN COUNT(*) = COUNT(of_red_distinct_1)
      THEN COUNT(DISTINCT of_red_distinct_1)
    END AS red_distinct_1,
    CASE
      WHEN COUNT(*) = COUNT(of_red_distinct_2)
      THEN COUNT(DISTINCT of_red_distinct_2)
    END AS red_distinct_2
  FROM (
    SELECT DISTINCT
      judged.per_1,
      judged.per_2,
      row_payment,
      judged.of_red_distinct_1,
      judged.of_red_distinct_2
    FROM judged
    WHERE
      judged.verdict = 'flag'
  ) AS distinct_payment
  WHERE
    NOT row_payment IS NULL
  GROUP BY
    per_1,
    per_2
), tally AS (
  SELECT
    every.per_1,
    every.per_2,
    tally_payment.red_distinct_1,
    tally_payment.red_distinct_2
  FROM (
    SELECT DISTINCT
      per_1,
      per_2
    FROM judged
    WHERE
      verdict = 'flag'
  ) AS every
  LEFT JOIN tally_payment
    ON tally_payment.per_1 = every.per_1 AND tally_payment.per_2 = every.per_2
), graded AS (
  SELECT
    judged.per_1,
    judged.per_2,
    CASE
      WHEN MAX(
        CASE
          WHEN (
            tally.red_distinct_1 >= 3 OR tally.red_distinct_2 >= 2
          )
          THEN 1
          ELSE 0
        END
      ) = 1
      THEN 'red'
      ELSE 'yellow'
    END AS level
  FROM judged
  LEFT JOIN tally
    ON tally.per_1 = judged.per_1 AND tally.per_2 = judged.per_2
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
  evidence.row_death,
  judged.row_payment,
  evidence.digest_death AS digest_death,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.payment__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__scheme AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__month__from AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__month__to AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__account AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__other_members AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__recovered_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.payment__person__who AS TEXT), '␀')
      )
    )
  END AS digest_payment,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_sources AS TEXT)
  END AS figure_sources,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_cancelled AS TEXT)
  END AS figure_cancelled,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CASE
      WHEN CAST(judged.figure_first__from AS TEXT) = CAST(judged.figure_first__to AS TEXT)
      THEN CAST(judged.figure_first__from AS TEXT)
      ELSE CAST(judged.figure_first__from AS TEXT) || '..' || CAST(judged.figure_first__to AS TEXT)
    END
  END AS figure_first,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CASE
      WHEN CAST(judged.figure_last__from AS TEXT) = CAST(judged.figure_last__to AS TEXT)
      THEN CAST(judged.figure_last__from AS TEXT)
      ELSE CAST(judged.figure_last__from AS TEXT) || '..' || CAST(judged.figure_last__to AS TEXT)
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
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
