WITH claim AS (
  SELECT
    claim_no,
    person__key,
    item,
    service_from__from,
    service_from__to,
    newborn,
    corrected_on__from,
    _row
  FROM medical_claims
), item AS (
  SELECT
    code,
    sex,
    min_age,
    max_age,
    _row
  FROM medical_items
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      claim._row AS row_claim,
      item._row AS row_item,
      COALESCE(CAST(claim.claim_no AS TEXT), '') AS per_1,
      'A' AS tier,
      claim._row AS lead,
      (
        (
          (
            (
              item.sex <> 'any'
              AND CASE
                WHEN claim.person__key % 2 = 1
                THEN 'M'
                WHEN claim.person__key % 2 = 0
                THEN 'F'
              END <> item.sex
            )
            OR CASE
              WHEN claim.service_from__from = claim.service_from__to
              THEN (
                (
                  YEAR(claim.service_from__from) * 10000 + MONTH(claim.service_from__from) * 100 + DAY(claim.service_from__from)
                ) - claim.person__key // 1000 % 100000000
              ) // 10000
              WHEN (
                (
                  YEAR(claim.service_from__from) * 10000 + MONTH(claim.service_from__from) * 100 + DAY(claim.service_from__from)
                ) - claim.person__key // 1000 % 100000000
              ) // 10000 = (
                (
                  YEAR(claim.service_from__to) * 10000 + MONTH(claim.service_from__to) * 100 + DAY(claim.service_from__to)
                ) - claim.person__key // 1000 % 100000000
              ) // 10000
              THEN (
                (
                  YEAR(claim.service_from__from) * 10000 + MONTH(claim.service_from__from) * 100 + DAY(claim.service_from__from)
                ) - claim.person__key // 1000 % 100000000
              ) // 10000
            END < COALESCE(item.min_age, 0)
          )
          OR CASE
            WHEN claim.service_from__from = claim.service_from__to
            THEN (
              (
                YEAR(claim.service_from__from) * 10000 + MONTH(claim.service_from__from) * 100 + DAY(claim.service_from__from)
              ) - claim.person__key // 1000 % 100000000
            ) // 10000
            WHEN (
              (
                YEAR(claim.service_from__from) * 10000 + MONTH(claim.service_from__from) * 100 + DAY(claim.service_from__from)
              ) - claim.person__key // 1000 % 100000000
            ) // 10000 = (
              (
                YEAR(claim.service_from__to) * 10000 + MONTH(claim.service_from__to) * 100 + DAY(claim.service_from__to)
              ) - claim.person__key // 1000 % 100000000
            ) // 10000
            THEN (
              (
                YEAR(claim.service_from__from) * 10000 + MONTH(claim.service_from__from) * 100 + DAY(claim.service_from__from)
              ) - claim.person__key // 1000 % 100000000
            ) // 10000
          END > COALESCE(item.max_age, 150)
        )
      )
      AND (
        (
          CASE
            WHEN claim.service_from__from >= CAST('2021-05-01' AS DATE)
            THEN TRUE
            WHEN claim.service_from__to < CAST('2021-05-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      COALESCE(claim.newborn, FALSE) AS left_1,
      NOT (
        claim.corrected_on__from IS NULL
      ) AS left_2,
      claim.claim_no AS claim__claim_no,
      claim.person__key AS claim__person__key,
      claim.item AS claim__item,
      claim.service_from__from AS claim__service_from__from,
      claim.service_from__to AS claim__service_from__to,
      claim.newborn AS claim__newborn,
      claim.corrected_on__from AS claim__corrected_on__from,
      item.code AS item__code,
      item.sex AS item__sex,
      item.min_age AS item__min_age,
      item.max_age AS item__max_age
    FROM claim
    JOIN item
      ON claim.item = item.code
  ) AS combined
  WHERE
    flag IS DISTINCT FROM FALSE
), judged AS (
  SELECT
    *,
    CASE
      WHEN NOT flag
      THEN 'clear'
      WHEN left_1 OR left_2
      THEN 'left_out'
      WHEN flag IS NULL OR left_1 IS NULL OR left_2 IS NULL OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'newborn under its mother'
      WHEN left_2
      THEN 'code already corrected'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'newborn under its mother'
      WHEN left_2 IS NULL
      THEN 'code already corrected'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
)
SELECT
  judged.per_1,
  judged.verdict,
  judged.decided_by,
  judged.tier,
  CASE WHEN judged.verdict = 'flag' THEN 'blue' END AS level,
  judged.row_claim,
  judged.row_item,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.claim__claim_no AS TEXT), '␀'),
        COALESCE(CAST(judged.claim__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.claim__item AS TEXT), '␀'),
        COALESCE(CAST(judged.claim__service_from__from AS TEXT), '␀'),
        COALESCE(CAST(judged.claim__service_from__to AS TEXT), '␀'),
        COALESCE(CAST(judged.claim__newborn AS TEXT), '␀'),
        COALESCE(CAST(judged.claim__corrected_on__from AS TEXT), '␀')
      )
    )
  END AS digest_claim,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.item__code AS TEXT), '␀'),
        COALESCE(CAST(judged.item__sex AS TEXT), '␀'),
        COALESCE(CAST(judged.item__min_age AS TEXT), '␀'),
        COALESCE(CAST(judged.item__max_age AS TEXT), '␀')
      )
    )
  END AS digest_item,
  judged.lead
FROM judged
