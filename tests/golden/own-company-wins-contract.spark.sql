WITH post AS (
  SELECT
    person__key,
    name__key,
    former_name__key,
    unit_name__key,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    person__who,
    unit__who,
    _row
  FROM officials
), role AS (
  SELECT
    company_name__key,
    person__key,
    name__key,
    kind,
    share_origin,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    assignment_no,
    startup_no,
    theft_reported_on__from,
    company__who,
    person__tier,
    _row
  FROM company_roles
  WHERE
    (
      company_roles.kind IN ('legal_rep', 'shareholder', 'controller')
    )
  UNION ALL
  SELECT
    company_name__key,
    person__key,
    name__key,
    kind,
    share_origin,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    assignment_no,
    startup_no,
    theft_reported_on__from,
    company__who,
    person__tier,
    _row
  FROM company_roles__maybe AS company_roles
  WHERE
    (
      company_roles.kind IN ('legal_rep', 'shareholder', 'controller')
    )
), company AS (
  SELECT
    name__key,
    revoked_on__from,
    revoked_on__to,
    code__who,
    _row
  FROM companies
), contract AS (
  SELECT
    buyer_name__key,
    supplier_name__key,
    signed_on__from,
    signed_on__to,
    buyer__who,
    supplier__who,
    _row
  FROM contracts
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      post._row AS row_post,
      role._row AS row_role,
      company._row AS row_company,
      contract._row AS row_contract,
      COALESCE(CAST(post.person__who AS STRING), '') AS per_1,
      COALESCE(CAST(role.company__who AS STRING), '') AS per_2,
      CASE
        WHEN (
          CASE
            WHEN post.name__key = role.name__key
            THEN 'A'
            WHEN post.name__key LIKE role.name__key ESCAPE '␛'
            THEN 'A'
            WHEN role.name__key LIKE post.name__key ESCAPE '␛'
            THEN 'A'
            WHEN post.former_name__key = role.name__key
            THEN 'A'
            WHEN post.former_name__key LIKE role.name__key ESCAPE '␛'
            THEN 'A'
            WHEN role.name__key LIKE post.former_name__key ESCAPE '␛'
            THEN 'A'
            WHEN post.name__key IS NULL OR role.name__key IS NULL OR role.person__tier <> 'A'
            THEN 'A'
            ELSE 'B'
          END
        ) = 'B'
        OR (
          CASE WHEN NOT doubt_role_company_company_code.code IS NULL THEN 'B' ELSE 'A' END
        ) = 'B'
        OR (
          CASE
            WHEN NOT doubt_role_company_contract_supplier.code IS NULL
            THEN 'B'
            ELSE 'A'
          END
        ) = 'B'
        OR (
          CASE
            WHEN NOT doubt_company_code_contract_supplier.code IS NULL
            THEN 'B'
            ELSE 'A'
          END
        ) = 'B'
        OR (
          CASE WHEN NOT doubt_post_unit_contract_buyer.code IS NULL THEN 'B' ELSE 'A' END
        ) = 'B'
        THEN 'B'
        ELSE role.person__tier
      END AS tier,
      post._row AS lead,
      (
        CASE
          WHEN post.started_on__to <= contract.signed_on__from
          AND contract.signed_on__to <= post.ended_on__from
          THEN TRUE
          WHEN contract.signed_on__to < post.started_on__from
          OR contract.signed_on__from > post.ended_on__to
          THEN FALSE
        END
      )
      AND (
        CASE
          WHEN role.started_on__to <= contract.signed_on__from
          AND contract.signed_on__to <= role.ended_on__from
          THEN TRUE
          WHEN contract.signed_on__to < role.started_on__from
          OR contract.signed_on__from > role.ended_on__to
          THEN FALSE
        END
      )
      AND (
        (
          CASE
            WHEN contract.signed_on__from >= CAST('2006-01-01' AS DATE)
            THEN TRUE
            WHEN contract.signed_on__to < CAST('2006-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      NOT (
        role.assignment_no IS NULL
      ) AS left_1,
      role.kind = 'shareholder'
      AND COALESCE(role.share_origin, 'capital') IN ('inherited', 'listed') AS left_2,
      NOT (
        role.theft_reported_on__from IS NULL
      ) AS left_3,
      NOT (
        role.startup_no IS NULL
      ) AS left_4,
      NOT (
        company.revoked_on__from IS NULL
      )
      AND CASE
        WHEN company.revoked_on__to < contract.signed_on__from
        THEN TRUE
        WHEN company.revoked_on__from >= contract.signed_on__to
        THEN FALSE
      END AS left_5,
      post.person__key AS post__person__key,
      post.name__key AS post__name__key,
      post.former_name__key AS post__former_name__key,
      post.unit_name__key AS post__unit_name__key,
      post.started_on__from AS post__started_on__from,
      post.started_on__to AS post__started_on__to,
      post.ended_on__from AS post__ended_on__from,
      post.ended_on__to AS post__ended_on__to,
      post.person__who AS post__person__who,
      post.unit__who AS post__unit__who,
      role.company_name__key AS role__company_name__key,
      role.person__key AS role__person__key,
      role.name__key AS role__name__key,
      role.kind AS role__kind,
      role.share_origin AS role__share_origin,
      role.started_on__from AS role__started_on__from,
      role.started_on__to AS role__started_on__to,
      role.ended_on__from AS role__ended_on__from,
      role.ended_on__to AS role__ended_on__to,
      role.assignment_no AS role__assignment_no,
      role.startup_no AS role__startup_no,
      role.theft_reported_on__from AS role__theft_reported_on__from,
      role.company__who AS role__company__who,
      role.person__tier AS role__person__tier,
      company.name__key AS company__name__key,
      company.revoked_on__from AS company__revoked_on__from,
      company.revoked_on__to AS company__revoked_on__to,
      company.code__who AS company__code__who,
      contract.buyer_name__key AS contract__buyer_name__key,
      contract.supplier_name__key AS contract__supplier_name__key,
      contract.signed_on__from AS contract__signed_on__from,
      contract.signed_on__to AS contract__signed_on__to,
      contract.buyer__who AS contract__buyer__who,
      contract.supplier__who AS contract__supplier__who
    FROM post
    JOIN role
      ON post.person__key = role.person__key
    JOIN company
      ON role.company__who = company.code__who
    JOIN contract
      ON role.company__who = contract.supplier__who
      AND post.unit__who = contract.buyer__who
    LEFT JOIN organisation_doubts AS doubt_role_company_company_code
      ON doubt_role_company_company_code.code = company.code__who
      AND doubt_role_company_company_code.name = company.name__key
      AND doubt_role_company_company_code.other = role.company_name__key
    LEFT JOIN organisation_doubts AS doubt_role_company_contract_supplier
      ON doubt_role_company_contract_supplier.code = contract.supplier__who
      AND doubt_role_company_contract_supplier.name = contract.supplier_name__key
      AND doubt_role_company_contract_supplier.other = role.company_name__key
    LEFT JOIN organisation_doubts AS doubt_company_code_contract_supplier
      ON doubt_company_code_contract_supplier.code = contract.supplier__who
      AND doubt_company_code_contract_supplier.name = contract.supplier_name__key
      AND doubt_company_code_contract_supplier.other = company.name__key
    LEFT JOIN organisation_doubts AS doubt_post_unit_contract_buyer
      ON doubt_post_unit_contract_buyer.code = contract.buyer__who
      AND doubt_post_unit_contract_buyer.name = contract.buyer_name__key
      AND doubt_post_unit_contract_buyer.other = post.unit_name__key
  ) AS combined
  WHERE
    flag IS DISTINCT FROM FALSE
), judged AS (
  SELECT
    *,
    CASE
      WHEN NOT flag
      THEN 'clear'
      WHEN left_1 OR left_2 OR left_3 OR left_4 OR left_5
      THEN 'left_out'
      WHEN flag IS NULL
      OR left_1 IS NULL
      OR left_2 IS NULL
      OR left_3 IS NULL
      OR left_4 IS NULL
      OR left_5 IS NULL
      OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'assigned by the organisation'
      WHEN left_2
      THEN 'inherited or listed shares'
      WHEN left_3
      THEN 'identity stolen'
      WHEN left_4
      THEN 'approved start-up of a researcher'
      WHEN left_5
      THEN 'company no longer existed'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'assigned by the organisation'
      WHEN left_2 IS NULL
      THEN 'inherited or listed shares'
      WHEN left_3 IS NULL
      THEN 'identity stolen'
      WHEN left_4 IS NULL
      THEN 'approved start-up of a researcher'
      WHEN left_5 IS NULL
      THEN 'company no longer existed'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
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
  judged.row_post,
  judged.row_role,
  judged.row_company,
  judged.row_contract,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.post__person__key AS STRING), '␀'),
        COALESCE(CAST(judged.post__name__key AS STRING), '␀'),
        COALESCE(CAST(judged.post__former_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.post__unit_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.post__started_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.post__started_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.post__ended_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.post__ended_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.post__person__who AS STRING), '␀'),
        COALESCE(CAST(judged.post__unit__who AS STRING), '␀')
      ),
      256
    )
  END AS digest_post,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.role__company_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.role__person__key AS STRING), '␀'),
        COALESCE(CAST(judged.role__name__key AS STRING), '␀'),
        COALESCE(CAST(judged.role__kind AS STRING), '␀'),
        COALESCE(CAST(judged.role__share_origin AS STRING), '␀'),
        COALESCE(CAST(judged.role__started_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.role__started_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.role__ended_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.role__ended_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.role__assignment_no AS STRING), '␀'),
        COALESCE(CAST(judged.role__startup_no AS STRING), '␀'),
        COALESCE(CAST(judged.role__theft_reported_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.role__company__who AS STRING), '␀'),
        COALESCE(CAST(judged.role__person__tier AS STRING), '␀')
      ),
      256
    )
  END AS digest_role,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.company__name__key AS STRING), '␀'),
        COALESCE(CAST(judged.company__revoked_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.company__revoked_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.company__code__who AS STRING), '␀')
      ),
      256
    )
  END AS digest_company,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.contract__buyer_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.contract__supplier_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.contract__signed_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.contract__signed_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.contract__buyer__who AS STRING), '␀'),
        COALESCE(CAST(judged.contract__supplier__who AS STRING), '␀')
      ),
      256
    )
  END AS digest_contract,
  judged.lead
FROM judged
LEFT JOIN graded
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
