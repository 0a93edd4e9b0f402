WITH claim AS (
  SELECT
    code,
    number,
    amount,
    face_amount,
    claimed_on__from,
    claimed_on__to,
    _row
  FROM expense_invoices
), gathering AS (
  SELECT
    claim._row AS row_claim,
    COALESCE(claim.code, '') AS claim_code,
    claim.number AS claim_number,
    CASE WHEN claim.amount > 0 THEN 1 WHEN claim.amount <= 0 THEN 0 END AS of_times,
    CASE WHEN claim.amount > 0 THEN claim.amount WHEN claim.amount <= 0 THEN 0 END AS of_claimed,
    CASE WHEN claim.amount < 0 THEN claim.amount WHEN claim.amount >= 0 THEN 0 END AS of_corrected,
    claim.face_amount AS of_face,
    claim.claimed_on__from AS force_from,
    claim.claimed_on__to AS force_to
  FROM claim
  WHERE
    NOT COALESCE(claim.code, '') IS NULL AND NOT claim.number IS NULL
), gathered AS (
  SELECT
    claim_code,
    claim_number,
    COUNT(*) AS rows,
    CASE WHEN COUNT(*) = COUNT(of_times) THEN SUM(of_times) END AS times,
    CASE WHEN COUNT(*) = COUNT(of_claimed) THEN SUM(of_claimed) END AS claimed,
    CASE WHEN COUNT(*) = COUNT(of_corrected) THEN SUM(of_corrected) END AS corrected,
    CASE WHEN COUNT(*) = COUNT(of_face) THEN MAX(of_face) END AS face,
    CASE WHEN COUNT(*) = COUNT(of_face) THEN MIN(of_face) END AS least_face,
    'A' AS tier,
    MIN(row_claim) AS lead,
    MAX(force_from) AS force_from,
    MAX(force_to) AS force_to
  FROM gathering
  GROUP BY
    claim_code,
    claim_number
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      gathered.claim_code AS at_claim_code,
      gathered.claim_number AS at_claim_number,
      COALESCE(CAST(gathered.claim_number AS STRING), '') AS per_1,
      COALESCE(CAST(gathered.claim_code AS STRING), '') AS per_2,
      gathered.tier AS tier,
      gathered.lead AS lead,
      (
        gathered.times >= 2
      )
      AND (
        gathered.claimed > gathered.face
      )
      AND (
        (
          CASE
            WHEN gathered.force_from >= CAST('2000-07-01' AS DATE)
            THEN TRUE
            WHEN gathered.force_to < CAST('2000-07-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      gathered.claimed + gathered.corrected <= gathered.face AS left_1,
      gathered.least_face <> gathered.face AS cannot_1,
      gathered.rows AS figure_rows,
      gathered.times AS figure_times,
      gathered.claimed AS figure_claimed,
      gathered.corrected AS figure_corrected,
      gathered.face AS figure_face,
      gathered.least_face AS figure_least_face,
      CAST(gathered.claim_number AS STRING) AS part
    FROM gathered
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
      OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'correcting entry'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'correcting entry'
      WHEN cannot_1 IS DISTINCT FROM FALSE
      THEN 'face amounts differ'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), kept AS (
  SELECT DISTINCT
    at_claim_code,
    at_claim_number
  FROM judged
  WHERE
    judged.verdict = 'flag' OR judged.decided_by = 'identity'
), evidence AS (
  SELECT
    kept.at_claim_code,
    kept.at_claim_number,
    gathering.row_claim,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.claim_code AS STRING), '␀'),
        COALESCE(CAST(gathering.claim_number AS STRING), '␀'),
        COALESCE(CAST(gathering.of_times AS STRING), '␀'),
        COALESCE(CAST(gathering.of_claimed AS STRING), '␀'),
        COALESCE(CAST(gathering.of_corrected AS STRING), '␀'),
        COALESCE(CAST(gathering.of_face AS STRING), '␀'),
        COALESCE(CAST(gathering.force_from AS STRING), '␀'),
        COALESCE(CAST(gathering.force_to AS STRING), '␀')
      ),
      256
    ) AS digest_claim
  FROM kept
  JOIN gathering
    ON gathering.claim_code = kept.at_claim_code
    AND gathering.claim_number = kept.at_claim_number
), graded AS (
  SELECT
    judged.per_1,
    judged.per_2,
    CASE WHEN MIN(tier) = 'A' THEN 'red' ELSE 'yellow' END AS level
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
  evidence.row_claim,
  evidence.digest_claim AS digest_claim,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_rows AS STRING)
  END AS figure_rows,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_times AS STRING)
  END AS figure_times,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_claimed AS STRING)
  END AS figure_claimed,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_corrected AS STRING)
  END AS figure_corrected,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_face AS STRING)
  END AS figure_face,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_least_face AS STRING)
  END AS figure_least_face,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN evidence
  ON evidence.at_claim_code = CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN judged.at_claim_code
  END
  AND evidence.at_claim_number = judged.at_claim_number
LEFT JOIN graded
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
