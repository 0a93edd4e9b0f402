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
    disputed.said AS disputed,
    pay.person__key AS pay__person__key,
    pay.name__key AS pay__name__key,
    pay.unit AS pay__unit,
    pay.month__from AS pay__month__from,
    pay.month__to AS pay__month__to,
    pay.amount AS pay__amount,
    pay.person__who AS pay__person__who,
    death.person__key AS death__person__key,
    death.name__key AS death__name__key,
    death.former_name__key AS death__former_name__key,
    death.died_on__from AS death__died_on__from,
    death.died_on__to AS death__died_on__to,
    death.cancelled_on__from AS death__cancelled_on__from,
    NULL AS custody__person__key,
    NULL AS custody__name__key,
    NULL AS custody__former_name__key,
    NULL AS custody__kind,
    NULL AS custody__started_on__from,
    NULL AS custody__started_on__to,
    NULL AS custody__ended_on__from,
    NULL AS custody__ended_on__to,
    NULL AS custody__released_on__from,
    NULL AS custody__released_on__to,
    NULL AS custody__final,
    NULL AS custody__acquitted_on__from,
    NULL AS insured__person__key,
    NULL AS insured__name__key,
    NULL AS insured__employer,
    NULL AS insured__started_on__from,
    NULL AS insured__started_on__to,
    NULL AS insured__ended_on__from,
    NULL AS insured__ended_on__to
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
    0,
    pay.person__key AS pay__person__key,
    pay.name__key AS pay__name__key,
    pay.unit AS pay__unit,
    pay.month__from AS pay__month__from,
    pay.month__to AS pay__month__to,
    pay.amount AS pay__amount,
    pay.person__who AS pay__person__who,
    NULL AS death__person__key,
    NULL AS death__name__key,
    NULL AS death__former_name__key,
    NULL AS death__died_on__from,
    NULL AS death__died_on__to,
    NULL AS death__cancelled_on__from,
    custody.person__key AS custody__person__key,
    custody.name__key AS custody__name__key,
    custody.former_name__key AS custody__former_name__key,
    custody.kind AS custody__kind,
    custody.started_on__from AS custody__started_on__from,
    custody.started_on__to AS custody__started_on__to,
    custody.ended_on__from AS custody__ended_on__from,
    custody.ended_on__to AS custody__ended_on__to,
    custody.released_on__from AS custody__released_on__from,
    custody.released_on__to AS custody__released_on__to,
    custody.final AS custody__final,
    custody.acquitted_on__from AS custody__acquitted_on__from,
    NULL AS insured__person__key,
    NULL AS insured__name__key,
    NULL AS insured__employer,
    NULL AS insured__started_on__from,
    NULL AS insured__started_on__to,
    NULL AS insured__ended_on__from,
    NULL AS insured__ended_on__to
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
    0,
    pay.person__key AS pay__person__key,
    pay.name__key AS pay__name__key,
    pay.unit AS pay__unit,
    pay.month__from AS pay__month__from,
    pay.month__to AS pay__month__to,
    pay.amount AS pay__amount,
    pay.person__who AS pay__person__who,
    NULL AS death__person__key,
    NULL AS death__name__key,
    NULL AS death__former_name__key,
    NULL AS death__died_on__from,
    NULL AS death__died_on__to,
    NULL AS death__cancelled_on__from,
    NULL AS custody__person__key,
    NULL AS custody__name__key,
    NULL AS custody__former_name__key,
    NULL AS custody__kind,
    NULL AS custody__started_on__from,
    NULL AS custody__started_on__to,
    NULL AS custody__ended_on__from,
    NULL AS custody__ended_on__to,
    NULL AS custody__released_on__from,
    NULL AS custody__released_on__to,
    NULL AS custody__final,
    NULL AS custody__acquitted_on__from,
    insured.person__key AS insured__person__key,
    insured.name__key AS insured__name__key,
    insured.employer AS insured__employer,
    insured.started_on__from AS insured__started_on__from,
    insured.started_on__to AS insured__started_on__to,
    insured.ended_on__from AS insured__ended_on__from,
    insured.ended_on__to AS insured__ended_on__to
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
      COALESCE(CAST(listed.pay__person__who AS TEXT), '') AS per_1,
      CASE
        WHEN (
          CASE
            WHEN listed.death IS NULL OR listed.pay IS NULL
            THEN 'A'
            WHEN listed.pay__person__key = listed.death__person__key
            THEN CASE
              WHEN listed.pay__name__key = listed.death__name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.death__name__key
              THEN 'A'
              WHEN listed.death__name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key = listed.death__former_name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.death__former_name__key
              THEN 'A'
              WHEN listed.death__former_name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key IS NULL OR listed.death__name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
            ELSE 'E'
          END
        ) = 'B'
        OR (
          CASE
            WHEN listed.custody IS NULL OR listed.pay IS NULL
            THEN 'A'
            WHEN listed.pay__person__key = listed.custody__person__key
            THEN CASE
              WHEN listed.pay__name__key = listed.custody__name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.custody__name__key
              THEN 'A'
              WHEN listed.custody__name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key = listed.custody__former_name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.custody__former_name__key
              THEN 'A'
              WHEN listed.custody__former_name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key IS NULL OR listed.custody__name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
            ELSE 'E'
          END
        ) = 'B'
        OR (
          CASE
            WHEN listed.insured IS NULL OR listed.pay IS NULL
            THEN 'A'
            WHEN listed.pay__person__key = listed.insured__person__key
            THEN CASE
              WHEN listed.pay__name__key = listed.insured__name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.insured__name__key
              THEN 'A'
              WHEN listed.insured__name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key IS NULL OR listed.insured__name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
            ELSE 'E'
          END
        ) = 'B'
        THEN 'B'
        ELSE GREATEST(
          CASE
            WHEN listed.death IS NULL OR listed.pay IS NULL
            THEN 'A'
            WHEN listed.pay__person__key = listed.death__person__key
            THEN CASE
              WHEN listed.pay__name__key = listed.death__name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.death__name__key
              THEN 'A'
              WHEN listed.death__name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key = listed.death__former_name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.death__former_name__key
              THEN 'A'
              WHEN listed.death__former_name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key IS NULL OR listed.death__name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
            ELSE 'E'
          END,
          CASE
            WHEN listed.custody IS NULL OR listed.pay IS NULL
            THEN 'A'
            WHEN listed.pay__person__key = listed.custody__person__key
            THEN CASE
              WHEN listed.pay__name__key = listed.custody__name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.custody__name__key
              THEN 'A'
              WHEN listed.custody__name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key = listed.custody__former_name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.custody__former_name__key
              THEN 'A'
              WHEN listed.custody__former_name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key IS NULL OR listed.custody__name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
            ELSE 'E'
          END,
          CASE
            WHEN listed.insured IS NULL OR listed.pay IS NULL
            THEN 'A'
            WHEN listed.pay__person__key = listed.insured__person__key
            THEN CASE
              WHEN listed.pay__name__key = listed.insured__name__key
              THEN 'A'
              WHEN listed.pay__name__key LIKE listed.insured__name__key
              THEN 'A'
              WHEN listed.insured__name__key LIKE listed.pay__name__key
              THEN 'A'
              WHEN listed.pay__name__key IS NULL OR listed.insured__name__key IS NULL
              THEN 'A'
              ELSE 'B'
            END
            ELSE 'E'
          END
        )
      END AS tier,
      COALESCE(listed.pay, listed.death, listed.custody, listed.insured) AS lead,
      (
        (
          (
            (
              listed.reason = 'dead'
              AND CASE
                WHEN LAST_DAY(listed.death__died_on__to) < listed.pay__month__from
                THEN TRUE
                WHEN LAST_DAY(listed.death__died_on__from) >= listed.pay__month__from
                THEN FALSE
              END
            )
            OR (
              listed.reason = 'imprisoned'
              AND CASE
                WHEN listed.pay__month__from <= listed.pay__month__to
                AND listed.pay__month__from <= listed.custody__ended_on__from
                AND listed.custody__started_on__to <= listed.pay__month__to
                AND listed.custody__started_on__to <= listed.custody__ended_on__from
                THEN TRUE
                WHEN listed.pay__month__from > listed.pay__month__to
                OR listed.pay__month__from > listed.custody__ended_on__to
                OR listed.custody__started_on__from > listed.pay__month__to
                OR listed.custody__started_on__from > listed.custody__ended_on__to
                THEN FALSE
              END
              AND (
                (
                  listed.custody__released_on__from IS NULL
                  OR CASE
                    WHEN listed.pay__month__from <= listed.custody__released_on__from
                    THEN TRUE
                    WHEN listed.pay__month__from > listed.custody__released_on__to
                    THEN FALSE
                  END
                )
              )
            )
          )
          OR (
            listed.reason = 'employed elsewhere'
            AND CASE
              WHEN listed.insured__started_on__to <= listed.pay__month__from
              THEN TRUE
              WHEN listed.insured__started_on__from > listed.pay__month__from
              THEN FALSE
            END
            AND CASE
              WHEN listed.pay__month__to <= listed.insured__ended_on__from
              THEN TRUE
              WHEN listed.pay__month__to > listed.insured__ended_on__to
              THEN FALSE
            END
          )
        )
      )
      AND (
        (
          CASE
            WHEN listed.pay__month__from >= CAST('2006-01-01' AS DATE)
            THEN TRUE
            WHEN listed.pay__month__to < CAST('2006-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      listed.away = 2 AS left_1,
      NOT (
        listed.death__cancelled_on__from IS NULL
      ) AS left_2,
      NOT (
        listed.custody__acquitted_on__from IS NULL
      ) AS left_3,
      listed.disputed = 1 AS cannot_1,
      listed.away = 1 AS cannot_2,
      listed.reason = 'imprisoned' AND NOT (
        listed.custody__final
      ) AS cannot_3,
      listed.pay__amount IS NULL AS cannot_4,
      listed.reason IN ('dead', 'imprisoned') AS is_red,
      listed.reason AS figure_reason,
      listed.away AS figure_away,
      listed.disputed AS figure_disputed,
      listed.pay__person__key AS pay__person__key,
      listed.pay__name__key AS pay__name__key,
      listed.pay__unit AS pay__unit,
      listed.pay__month__from AS pay__month__from,
      listed.pay__month__to AS pay__month__to,
      listed.pay__amount AS pay__amount,
      listed.pay__person__who AS pay__person__who,
      listed.death__person__key AS death__person__key,
      listed.death__name__key AS death__name__key,
      listed.death__former_name__key AS death__former_name__key,
      listed.death__died_on__from AS death__died_on__from,
      listed.death__died_on__to AS death__died_on__to,
      listed.death__cancelled_on__from AS death__cancelled_on__from,
      listed.custody__person__key AS custody__person__key,
      listed.custody__name__key AS custody__name__key,
      listed.custody__former_name__key AS custody__former_name__key,
      listed.custody__kind AS custody__kind,
      listed.custody__started_on__from AS custody__started_on__from,
      listed.custody__started_on__to AS custody__started_on__to,
      listed.custody__ended_on__from AS custody__ended_on__from,
      listed.custody__ended_on__to AS custody__ended_on__to,
      listed.custody__released_on__from AS custody__released_on__from,
      listed.custody__released_on__to AS custody__released_on__to,
      listed.custody__final AS custody__final,
      listed.custody__acquitted_on__from AS custody__acquitted_on__from,
      listed.insured__person__key AS insured__person__key,
      listed.insured__name__key AS insured__name__key,
      listed.insured__employer AS insured__employer,
      listed.insured__started_on__from AS insured__started_on__from,
      listed.insured__started_on__to AS insured__started_on__to,
      listed.insured__ended_on__from AS insured__ended_on__from,
      listed.insured__ended_on__to AS insured__ended_on__to
    FROM listed
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
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.pay__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.pay__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.pay__unit AS TEXT), '␀'),
        COALESCE(CAST(judged.pay__month__from AS TEXT), '␀'),
        COALESCE(CAST(judged.pay__month__to AS TEXT), '␀'),
        COALESCE(CAST(judged.pay__amount AS TEXT), '␀'),
        COALESCE(CAST(judged.pay__person__who AS TEXT), '␀')
      )
    )
  END AS digest_pay,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.death__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.death__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.death__former_name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.death__died_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.death__died_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.death__cancelled_on__from AS TEXT), '␀')
      )
    )
  END AS digest_death,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.custody__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__former_name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__kind AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__started_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__started_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__ended_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__ended_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__released_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__released_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__final AS TEXT), '␀'),
        COALESCE(CAST(judged.custody__acquitted_on__from AS TEXT), '␀')
      )
    )
  END AS digest_custody,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.insured__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.insured__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.insured__employer AS TEXT), '␀'),
        COALESCE(CAST(judged.insured__started_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.insured__started_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.insured__ended_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.insured__ended_on__to AS TEXT), '␀')
      )
    )
  END AS digest_insured,
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
