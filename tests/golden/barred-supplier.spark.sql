WITH contract AS (
  SELECT
    contract_no,
    supplier_name__key,
    bid_deadline__from,
    bid_deadline__to,
    signed_on__from,
    signed_on__to,
    supplier__who,
    _row
  FROM contracts
), barred AS (
  SELECT
    supplier_name__key,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    lifted_on__from,
    lifted_on__to,
    supplier__who,
    _row
  FROM barred_suppliers
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      contract._row AS row_contract,
      barred._row AS row_barred,
      COALESCE(CAST(contract.contract_no AS STRING), '') AS per_1,
      CASE
        WHEN NOT doubt_contract_supplier_barred_supplier.code IS NULL
        THEN 'B'
        ELSE 'A'
      END AS tier,
      contract._row AS lead,
      (
        CASE
          WHEN barred.started_on__to <= contract.bid_deadline__from
          AND contract.bid_deadline__to <= barred.ended_on__from
          THEN TRUE
          WHEN contract.bid_deadline__to < barred.started_on__from
          OR contract.bid_deadline__from > barred.ended_on__to
          THEN FALSE
        END
      )
      AND (
        (
          CASE
            WHEN contract.signed_on__from >= CAST('2003-01-01' AS DATE)
            THEN TRUE
            WHEN contract.signed_on__to < CAST('2003-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      NOT (
        barred.lifted_on__from IS NULL
      )
      AND CASE
        WHEN barred.lifted_on__to <= contract.bid_deadline__from
        THEN TRUE
        WHEN barred.lifted_on__from > contract.bid_deadline__to
        THEN FALSE
      END AS left_1,
      contract.contract_no AS contract__contract_no,
      contract.supplier_name__key AS contract__supplier_name__key,
      contract.bid_deadline__from AS contract__bid_deadline__from,
      contract.bid_deadline__to AS contract__bid_deadline__to,
      contract.signed_on__from AS contract__signed_on__from,
      contract.signed_on__to AS contract__signed_on__to,
      contract.supplier__who AS contract__supplier__who,
      barred.supplier_name__key AS barred__supplier_name__key,
      barred.started_on__from AS barred__started_on__from,
      barred.started_on__to AS barred__started_on__to,
      barred.ended_on__from AS barred__ended_on__from,
      barred.ended_on__to AS barred__ended_on__to,
      barred.lifted_on__from AS barred__lifted_on__from,
      barred.lifted_on__to AS barred__lifted_on__to,
      barred.supplier__who AS barred__supplier__who
    FROM contract
    JOIN barred
      ON contract.supplier__who = barred.supplier__who
    LEFT JOIN organisation_doubts AS doubt_contract_supplier_barred_supplier
      ON doubt_contract_supplier_barred_supplier.code = barred.supplier__who
      AND doubt_contract_supplier_barred_supplier.name = barred.supplier_name__key
      AND doubt_contract_supplier_barred_supplier.other = contract.supplier_name__key
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
      WHEN flag IS NULL OR left_1 IS NULL OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'ban lifted earlier'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'ban lifted earlier'
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
  CASE WHEN judged.verdict = 'flag' THEN 'red' END AS level,
  judged.row_contract,
  judged.row_barred,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.contract__contract_no AS STRING), '␀'),
        COALESCE(CAST(judged.contract__supplier_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.contract__bid_deadline__from AS STRING), '␀'),
        COALESCE(CAST(judged.contract__bid_deadline__to AS STRING), '␀'),
        COALESCE(CAST(judged.contract__signed_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.contract__signed_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.contract__supplier__who AS STRING), '␀')
      ),
      256
    )
  END AS digest_contract,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.barred__supplier_name__key AS STRING), '␀'),
        COALESCE(CAST(judged.barred__started_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.barred__started_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.barred__ended_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.barred__ended_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.barred__lifted_on__from AS STRING), '␀'),
        COALESCE(CAST(judged.barred__lifted_on__to AS STRING), '␀'),
        COALESCE(CAST(judged.barred__supplier__who AS STRING), '␀')
      ),
      256
    )
  END AS digest_barred,
  judged.lead
FROM judged
