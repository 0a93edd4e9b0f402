WITH pay AS (
  SELECT
    person__key,
    name__key,
    unit,
    month__from,
    month__to,
    amount,
    person__who,
    _row
  FROM payroll
  WHERE
    (
      (
        payroll.amount > 0 OR payroll.amount IS NULL
      )
    )
), death AS (
  SELECT
    person__key,
    name__key,
    former_name__key,
    died_on__from,
    died_on__to,
    cancelled_on__from,
    _row
  FROM deaths
), custody AS (
  SELECT
    person__key,
    name__key,
    former_name__key,
    kind,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    released_on__from,
    released_on__to,
    final,
    acquitted_on__from,
    _row
  FROM custody
  WHERE
    (
      custody.kind IN ('prison', 'short_term')
    )
), insured AS (
  SELECT
    person__key,
    name__key,
    employer,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    _row
  FROM social_insurance
), approval AS (
  SELECT
    person__key,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    _row
  FROM leave_approvals
), listed AS (
  WITH away AS (
    SELECT
      pay._row AS pay_row,
      MAX(
        CASE
          WHEN CASE
            WHEN approval.started_on__to <= pay.month__from
            THEN TRUE
            WHEN approval.started_on__from > pay.month__from
            THEN FALSE
          END
          AND CASE
            WHEN pay.month__to <= approval.ended_on__from
            THEN TRUE
            WHEN pay.month__to > approval.ended_on__to
            THEN FALSE
          END
          THEN 2
          WHEN (
            CASE
              WHEN pay.month__from < approval.started_on__from
              THEN TRUE
              WHEN pay.month__from >= approval.started_on__to
              THEN FALSE
            END
            OR CASE
              WHEN approval.ended_on__to < pay.month__to
              THEN TRUE
              WHEN approval.ended_on__from >= pay.month__to
              THEN FALSE
            END
          )
          THEN 0
          ELSE 1
        END
      ) AS covered
    FROM pay
    JOIN approval
      ON approval.person__key = pay.person__key
    GROUP BY
      pay._row
  ), disputed AS (
    SELECT
      pay._row AS pay_row,
      MAX(
        CASE
          WHEN death.cancelled_on__from IS NULL
          AND CASE
            WHEN LAST_DAY(death.died_on__to) < pay.month__from
            THEN TRUE
            WHEN LAST_DAY(death.died_on__from) >= pay.month__from
            THEN FALSE
          END
          THEN 0
          ELSE 1
        END
      ) AS said
    FROM pay
    JOIN death
      ON death.person__key = pay.person__key
    GROUP BY
      pay._row
  )
  SELECT
    'dead' AS reason,
    pay._row AS pay,
    death._row AS death,
    CAST(NULL AS BIGINT) AS custody,
    CAST(NULL AS BIGINT) AS insured,
    0 AS away,
    disputed.said AS disputed
  FROM pay
  JOIN death
    ON death.person__key = pay.person__key
  JOIN disputed
    ON disputed.pay_row = pay._row
  UNION ALL
  SELECT
    'imprisoned',
    pay._row,
    NULL,
    custody._row,
    NULL,
    0,
    0
  FROM pay
  JOIN custody
    ON custody.person__key = pay.person__key
  UNION ALL
  SELECT
    'employed elsewhere',
    pay._row,
    NULL,
    NULL,
    insured._row,
    COALESCE(away.covered, 0),
    0
  FROM pay
  JOIN insured
    ON insured.person__key = pay.person__key AND insured.employer <> pay.unit
  LEFT JOIN away
    ON away.pay_row = pay._row
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      listed.pay AS row_pay,
      listed.death AS row_death,
      listed.custody AS row_custody,
      listed.insured AS row_insured,
      COALESCE(CAST(pay.person__who AS TEXT), '') AS per_1,
      CASE
        WHEN (
          CASE
            WHEN death._row IS NULL OR pay._row IS NULL
            THEN 'A'
            ELSE CASE
              WHEN pay.name__key = death.name__key
              THEN 'A'
              WHEN pay.name__key LIKE death.name__key
              THEN 'A'
              WHEN death.name__key LIKE pay.name__key
              THEN 'A'
              WHEN pay.name__key = death.former_name__key
              THEN 'A'
              WHEN pay.name__key LIKE death.former_name__key
              THEN 'A'
              WHEN death.former_name__key LIKE pay.name__key
              THEN 'A'
              WHEN pay.name__key IS NULL OR death.name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
          END
        ) = 'B'
        OR (
          CASE
            WHEN custody._row IS NULL OR pay._row IS NULL
            THEN 'A'
            ELSE CASE
              WHEN pay.name__key = custody.name__key
              THEN 'A'
              WHEN pay.name__key LIKE custody.name__key
              THEN 'A'
              WHEN custody.name__key LIKE pay.name__key
              THEN 'A'
              WHEN pay.name__key = custody.former_name__key
              THEN 'A'
              WHEN pay.name__key LIKE custody.former_name__key
              THEN 'A'
              WHEN custody.former_name__key LIKE pay.name__key
              THEN 'A'
              WHEN pay.name__key IS NULL OR custody.name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
          END
        ) = 'B'
        OR (
          CASE
            WHEN insured._row IS NULL OR pay._row IS NULL
            THEN 'A'
            ELSE CASE
              WHEN pay.name__key = insured.name__key
              THEN 'A'
              WHEN pay.name__key LIKE insured.name__key
              THEN 'A'
              WHEN insured.name__key LIKE pay.name__key
              THEN 'A'
              WHEN pay.name__key IS NULL OR insured.name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
          END
        ) = 'B'
        THEN 'B'
        ELSE 'A'
      END AS tier,
      COALESCE(listed.pay, listed.death, listed.custody, listed.insured) AS lead,
      (
        (
          (
            (
              listed.reason = 'dead'
              AND CASE
                WHEN LAST_DAY(death.died_on__to) < pay.month__from
                THEN TRUE
                WHEN LAST_DAY(death.died_on__from) >= pay.month__from
                THEN FALSE
              END
            )
            OR (
              listed.reason = 'imprisoned'
              AND CASE
                WHEN pay.month__from <= pay.month__to
                AND pay.month__from <= custody.ended_on__from
                AND custody.started_on__to <= pay.month__to
                AND custody.started_on__to <= custody.ended_on__from
                THEN TRUE
                WHEN pay.month__from > pay.month__to
                OR pay.month__from > custody.ended_on__to
                OR custody.started_on__from > pay.month__to
                OR custody.started_on__from > custody.ended_on__to
                THEN FALSE
              END
              AND (
                (
                  custody.released_on__from IS NULL
                  OR CASE
                    WHEN pay.month__from <= custody.released_on__from
                    THEN TRUE
                    WHEN pay.month__from > custody.released_on__to
                    THEN FALSE
                  END
                )
              )
            )
          )
          OR (
            listed.reason = 'employed elsewhere'
            AND CASE
              WHEN insured.started_on__to <= pay.month__from
              THEN TRUE
              WHEN insured.started_on__from > pay.month__from
              THEN FALSE
            END
            AND CASE
              WHEN pay.month__to <= insured.ended_on__from
              THEN TRUE
              WHEN pay.month__to > insured.ended_on__to
              THEN FALSE
            END
          )
        )
      )
      AND (
        (
          CASE
            WHEN pay.month__from >= CAST('2006-01-01' AS DATE)
            THEN TRUE
            WHEN pay.month__to < CAST('2006-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      listed.away = 2 AS left_1,
      NOT (
        death.cancelled_on__from IS NULL
      ) AS left_2,
      NOT (
        custody.acquitted_on__from IS NULL
      ) AS left_3,
      listed.disputed = 1 AS cannot_1,
      listed.away = 1 AS cannot_2,
      listed.reason = 'imprisoned' AND NOT (
        custody.final
      ) AS cannot_3,
      pay.amount IS NULL AS cannot_4,
      listed.reason IN ('dead', 'imprisoned') AS is_red,
      listed.reason AS figure_reason,
      listed.away AS figure_away,
      listed.disputed AS figure_disputed,
      CASE
        WHEN (
          listed.away = 2
        )
        OR (
          NOT (
            death.cancelled_on__from IS NULL
          )
        )
        OR (
          NOT (
            custody.acquitted_on__from IS NULL
          )
        )
        THEN NULL
        ELSE SHA256(
          CONCAT_WS(
            '␟',
            COALESCE(CAST(pay.person__key AS TEXT), '␀'),
            COALESCE(CAST(pay.name__key AS TEXT), '␀'),
            COALESCE(CAST(pay.unit AS TEXT), '␀'),
            COALESCE(CAST(pay.month__from AS TEXT), '␀'),
            COALESCE(CAST(pay.month__to AS TEXT), '␀'),
            COALESCE(CAST(pay.amount AS TEXT), '␀'),
            COALESCE(CAST(pay.person__who AS TEXT), '␀')
          )
        )
      END AS digest_pay,
      CASE
        WHEN (
          listed.away = 2
        )
        OR (
          NOT (
            death.cancelled_on__from IS NULL
          )
        )
        OR (
          NOT (
            custody.acquitted_on__from IS NULL
          )
        )
        THEN NULL
        ELSE SHA256(
          CONCAT_WS(
            '␟',
            COALESCE(CAST(death.person__key AS TEXT), '␀'),
            COALESCE(CAST(death.name__key AS TEXT), '␀'),
            COALESCE(CAST(death.former_name__key AS TEXT), '␀'),
            COALESCE(CAST(death.died_on__from AS TEXT), '␀'),
            COALESCE(CAST(death.died_on__to AS TEXT), '␀'),
            COALESCE(CAST(death.cancelled_on__from AS TEXT), '␀')
          )
        )
      END AS digest_death,
      CASE
        WHEN (
          listed.away = 2
        )
        OR (
          NOT (
            death.cancelled_on__from IS NULL
          )
        )
        OR (
          NOT (
            custody.acquitted_on__from IS NULL
          )
        )
        THEN NULL
        ELSE SHA256(
          CONCAT_WS(
            '␟',
            COALESCE(CAST(custody.person__key AS TEXT), '␀'),
            COALESCE(CAST(custody.name__key AS TEXT), '␀'),
            COALESCE(CAST(custody.former_name__key AS TEXT), '␀'),
            COALESCE(CAST(custody.kind AS TEXT), '␀'),
            COALESCE(CAST(custody.started_on__from AS TEXT), '␀'),
            COALESCE(CAST(custody.started_on__to AS TEXT), '␀'),
            COALESCE(CAST(custody.ended_on__from AS TEXT), '␀'),
            COALESCE(CAST(custody.ended_on__to AS TEXT), '␀'),
            COALESCE(CAST(custody.released_on__from AS TEXT), '␀'),
            COALESCE(CAST(custody.released_on__to AS TEXT), '␀'),
            COALESCE(CAST(custody.final AS TEXT), '␀'),
            COALESCE(CAST(custody.acquitted_on__from AS TEXT), '␀')
          )
        )
      END AS digest_custody,
      CASE
        WHEN (
          listed.away = 2
        )
        OR (
          NOT (
            death.cancelled_on__from IS NULL
          )
        )
        OR (
          NOT (
            custody.acquitted_on__from IS NULL
          )
        )
        THEN NULL
        ELSE SHA256(
          CONCAT_WS(
            '␟',
            COALESCE(CAST(insured.person__key AS TEXT), '␀'),
            COALESCE(CAST(insured.name__key AS TEXT), '␀'),
            COALESCE(CAST(insured.employer AS TEXT), '␀'),
            COALESCE(CAST(insured.started_on__from AS TEXT), '␀'),
            COALESCE(CAST(insured.started_on__to AS TEXT), '␀'),
            COALESCE(CAST(insured.ended_on__from AS TEXT), '␀'),
            COALESCE(CAST(insured.ended_on__to AS TEXT), '␀')
          )
        )
      END AS digest_insured
    FROM listed
    LEFT JOIN pay
      ON pay._row = listed.pay
    LEFT JOIN death
      ON death._row = listed.death
    LEFT JOIN custody
      ON custody._row = listed.custody
    LEFT JOIN insured
      ON insured._row = listed.insured
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
      OR cannot_3 IS DISTINCT FROM FALSE
      OR cannot_4 IS DISTINCT FROM FALSE
      OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'approved absence'
      WHEN left_2
      THEN 'death record cancelled'
      WHEN left_3
      THEN 'acquitted'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'approved absence'
      WHEN left_2 IS NULL
      THEN 'death record cancelled'
      WHEN left_3 IS NULL
      THEN 'acquitted'
      WHEN cannot_1 IS DISTINCT FROM FALSE
      THEN 'sources disagree on death'
      WHEN cannot_2 IS DISTINCT FROM FALSE
      THEN 'absence with unknown dates'
      WHEN cannot_3 IS DISTINCT FROM FALSE
      THEN 'judgment not final'
      WHEN cannot_4 IS DISTINCT FROM FALSE
      THEN 'amount unknown'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
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
  judged.row_pay,
  judged.row_death,
  judged.row_custody,
  judged.row_insured,
  judged.digest_pay,
  judged.digest_death,
  judged.digest_custody,
  judged.digest_insured,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_reason AS TEXT)
  END AS figure_reason,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_away AS TEXT)
  END AS figure_away,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_disputed AS TEXT)
  END AS figure_disputed,
  judged.lead
FROM judged
LEFT JOIN graded
  ON graded.per_1 = judged.per_1
