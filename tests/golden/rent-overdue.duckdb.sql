WITH due AS (
  SELECT
    lease_no,
    instalment,
    due_on__from,
    due_on__to,
    agreed_until__from,
    agreed_until__to,
    dispute_filed_on__from,
    paid_elsewhere_on__from,
    _row
  FROM lease_dues
), receipt AS (
  SELECT
    lease_no,
    instalment,
    paid_on__from,
    paid_on__to,
    _row
  FROM lease_receipts
), found AS (
  SELECT
    due._row AS row_due,
    MAX(
      CASE
        WHEN CASE
          WHEN receipt.paid_on__to <= as_of
          THEN TRUE
          WHEN receipt.paid_on__from > as_of
          THEN FALSE
        END
        THEN 2
        ELSE 1
      END
    ) AS surely
  FROM due
  JOIN receipt
    ON due.lease_no = receipt.lease_no AND due.instalment = receipt.instalment
  WHERE
    (
      CASE
        WHEN receipt.paid_on__to <= as_of
        THEN TRUE
        WHEN receipt.paid_on__from > as_of
        THEN FALSE
      END
    ) IS DISTINCT FROM FALSE
    AND (
      CASE
        WHEN (
          due.due_on__to + 30
        ) < as_of
        THEN TRUE
        WHEN (
          due.due_on__from + 30
        ) >= as_of
        THEN FALSE
      END
    ) IS DISTINCT FROM FALSE
  GROUP BY
    due._row
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      due._row AS row_due,
      COALESCE(CAST(due.lease_no AS TEXT), '') AS per_1,
      COALESCE(CAST(due.instalment AS TEXT), '') AS per_2,
      'A' AS tier,
      due._row AS lead,
      (
        CASE
          WHEN found.surely IS NULL AND NOT due.lease_no IS NULL AND NOT due.instalment IS NULL
          THEN TRUE
          WHEN found.surely = 2
          THEN FALSE
        END
      )
      AND (
        CASE
          WHEN (
            due.due_on__to + 30
          ) < as_of
          THEN TRUE
          WHEN (
            due.due_on__from + 30
          ) >= as_of
          THEN FALSE
        END
      )
      AND (
        (
          CASE
            WHEN due.due_on__from >= CAST('2006-07-01' AS DATE)
            THEN TRUE
            WHEN due.due_on__to < CAST('2006-07-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      NOT (
        due.agreed_until__from IS NULL
      )
      AND CASE
        WHEN as_of <= due.agreed_until__from
        THEN TRUE
        WHEN as_of > due.agreed_until__to
        THEN FALSE
      END AS left_1,
      NOT (
        due.dispute_filed_on__from IS NULL
      ) AS left_2,
      NOT (
        due.paid_elsewhere_on__from IS NULL
      ) AS left_3,
      CASE
        WHEN (
          due.due_on__to + 60
        ) < as_of
        THEN TRUE
        WHEN (
          due.due_on__from + 60
        ) >= as_of
        THEN FALSE
      END AS is_red,
      CAST(due.lease_no AS TEXT) AS part,
      due.lease_no AS due__lease_no,
      due.instalment AS due__instalment,
      due.due_on__from AS due__due_on__from,
      due.due_on__to AS due__due_on__to,
      due.agreed_until__from AS due__agreed_until__from,
      due.agreed_until__to AS due__agreed_until__to,
      due.dispute_filed_on__from AS due__dispute_filed_on__from,
      due.paid_elsewhere_on__from AS due__paid_elsewhere_on__from
    FROM due
    LEFT JOIN found
      ON found.row_due = due._row
    WHERE
      (
        CASE
          WHEN (
            due.due_on__to + 30
          ) < as_of
          THEN TRUE
          WHEN (
            due.due_on__from + 30
          ) >= as_of
          THEN FALSE
        END
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
      THEN 'later date agreed'
      WHEN left_2
      THEN 'in dispute'
      WHEN left_3
      THEN 'paid to another account'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'later date agreed'
      WHEN left_2 IS NULL
      THEN 'in dispute'
      WHEN left_3 IS NULL
      THEN 'paid to another account'
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
  judged.row_due,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.due__lease_no AS TEXT), '␀'),
        COALESCE(CAST(judged.due__instalment AS TEXT), '␀'),
        COALESCE(CAST(judged.due__due_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.due__due_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.due__agreed_until__from AS TEXT), '␀'),
        COALESCE(CAST(judged.due__agreed_until__to AS TEXT), '␀'),
        COALESCE(CAST(judged.due__dispute_filed_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.due__paid_elsewhere_on__from AS TEXT), '␀')
      )
    )
  END AS digest_due,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN graded
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
