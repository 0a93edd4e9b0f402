WITH contract AS (
  SELECT
    buyer,
    buyer_name__key,
    supplier,
    item,
    amount,
    signed_on__from,
    signed_on__to,
    kind,
    addition_no,
    buyer__who,
    _row
  FROM contracts
), gathering AS (
  SELECT
    contract._row AS row_contract,
    contract.buyer AS contract_buyer,
    contract.buyer__who AS contract_buyer__who,
    contract.buyer_name__key AS contract_buyer_name__key,
    contract.item AS contract_item,
    contract.signed_on__from AS by__from,
    contract.signed_on__to AS by__to,
    contract.amount AS of_amount,
    CASE
      WHEN (
        contract.kind IN ('framework', 'monthly', 'emergency')
        OR NOT (
          contract.addition_no IS NULL
        )
      )
      THEN contract.amount
      WHEN NOT (
        contract.kind IS NULL
      )
      THEN 0
    END AS of_exempt,
    contract.supplier AS of_supplier,
    contract.amount < (
      CASE
        WHEN contract.signed_on__to <= CAST('2021-12-31' AS DATE)
        THEN 200000
        WHEN contract.signed_on__from >= CAST('2022-01-01' AS DATE)
        THEN 400000
      END
    ) * 100 AS counts
  FROM contract
  WHERE
    NOT contract.buyer__who IS NULL
    AND NOT contract.item IS NULL
    AND (
      contract.amount < (
        CASE
          WHEN contract.signed_on__to <= CAST('2021-12-31' AS DATE)
          THEN 200000
          WHEN contract.signed_on__from >= CAST('2022-01-01' AS DATE)
          THEN 400000
        END
      ) * 100
    ) IS DISTINCT FROM FALSE
), inexact AS (
  SELECT
    row_contract AS row
  FROM gathering
  SEMI JOIN gathering AS other
    ON other.contract_buyer__who = gathering.contract_buyer__who
    AND other.contract_item = gathering.contract_item
    AND NOT (
      other.by__from = other.by__to
    )
    AND other.row_contract <> gathering.row_contract
    AND other.by__from <= gathering.by__to
    AND other.by__to >= gathering.by__from - INTERVAL '30' DAY
), gathered AS (
  SELECT
    contract_buyer,
    contract_buyer__who,
    contract_buyer_name__key,
    contract_item,
    by__from,
    by__to,
    CASE
      WHEN inexact.row IS NULL AND by__from = by__to AND (
        unknown & 1
      ) = 0
      THEN contracts
    END AS contracts,
    CASE
      WHEN inexact.row IS NULL AND by__from = by__to AND (
        unknown & 3
      ) = 0
      THEN amount
    END AS amount,
    CASE
      WHEN inexact.row IS NULL AND by__from = by__to AND (
        unknown & 5
      ) = 0
      THEN exempt
    END AS exempt,
    CASE
      WHEN inexact.row IS NULL AND by__from = by__to AND (
        unknown & 3
      ) = 0
      THEN smallest
    END AS smallest,
    CASE
      WHEN inexact.row IS NULL AND by__from = by__to AND (
        unknown & 9
      ) = 0
      THEN supplier
    END AS supplier,
    CASE
      WHEN inexact.row IS NULL AND by__from = by__to AND (
        unknown & 9
      ) = 0
      THEN last_supplier
    END AS last_supplier,
    tier,
    lead
  FROM (
    SELECT
      contract_buyer,
      contract_buyer__who,
      contract_buyer_name__key,
      contract_item,
      by__from,
      by__to,
      COUNT(*) OVER within AS contracts,
      SUM(of_amount) OVER within AS amount,
      SUM(of_exempt) OVER within AS exempt,
      MIN(of_amount) OVER within AS smallest,
      MIN(of_supplier) OVER within AS supplier,
      MAX(of_supplier) OVER within AS last_supplier,
      BIT_OR(
        CAST(CASE WHEN counts IS NULL THEN 1 ELSE 0 END + CASE WHEN of_amount IS NULL THEN 2 ELSE 0 END + CASE WHEN of_exempt IS NULL THEN 4 ELSE 0 END + CASE WHEN of_supplier IS NULL THEN 8 ELSE 0 END AS TINYINT)
      ) OVER within AS unknown,
      'A' AS tier,
      row_contract AS lead
    FROM gathering
    WINDOW within AS (
      PARTITION BY contract_buyer__who, contract_item
      ORDER BY by__from NULLS LAST
      RANGE BETWEEN INTERVAL '30' DAY PRECEDING AND CURRENT ROW
    )
  ) AS windows
  LEFT JOIN inexact
    ON inexact.row = windows.lead
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      gathered.contract_buyer__who AS at_contract_buyer__who,
      gathered.contract_item AS at_contract_item,
      gathered.by__from AS at_by,
      gathered.lead AS at_row,
      COALESCE(CAST(gathered.contract_buyer__who AS STRING), '') AS per_1,
      COALESCE(CAST(gathered.contract_item AS STRING), '') AS per_2,
      gathered.tier AS tier,
      gathered.lead AS lead,
      (
        gathered.contracts >= 2
      )
      AND (
        gathered.amount >= (
          CASE
            WHEN gathered.by__to <= CAST('2021-12-31' AS DATE)
            THEN 200000
            WHEN gathered.by__from >= CAST('2022-01-01' AS DATE)
            THEN 400000
          END
        ) * 100
      )
      AND (
        (
          CASE
            WHEN gathered.by__from >= CAST('2015-03-01' AS DATE)
            THEN TRUE
            WHEN gathered.by__to < CAST('2015-03-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      gathered.amount - gathered.exempt < (
        CASE
          WHEN gathered.by__to <= CAST('2021-12-31' AS DATE)
          THEN 200000
          WHEN gathered.by__from >= CAST('2022-01-01' AS DATE)
          THEN 400000
        END
      ) * 100 AS left_1,
      gathered.supplier = gathered.last_supplier
      AND gathered.smallest * 10 >= (
        CASE
          WHEN gathered.by__to <= CAST('2021-12-31' AS DATE)
          THEN 200000
          WHEN gathered.by__from >= CAST('2022-01-01' AS DATE)
          THEN 400000
        END
      ) * 100 * 9 AS is_red,
      gathered.contracts AS figure_contracts,
      gathered.amount AS figure_amount,
      gathered.exempt AS figure_exempt,
      gathered.smallest AS figure_smallest,
      gathered.supplier AS figure_supplier,
      gathered.last_supplier AS figure_last_supplier,
      CAST(gathered.contract_buyer__who AS STRING) AS part
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
      WHEN flag IS NULL OR left_1 IS NULL OR tier IN ('B', 'E')
      THEN 'cannot_tell'
      ELSE 'flag'
    END AS verdict,
    CASE
      WHEN NOT flag
      THEN 'flag_when'
      WHEN left_1
      THEN 'exempt contracts'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'exempt contracts'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), kept AS (
  SELECT DISTINCT
    at_contract_buyer__who,
    at_contract_item,
    at_by,
    at_row
  FROM judged
  WHERE
    judged.verdict = 'flag' OR judged.decided_by = 'identity'
), evidence AS (
  SELECT
    kept.at_contract_buyer__who,
    kept.at_contract_item,
    kept.at_by,
    kept.at_row,
    gathering.row_contract,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.contract_buyer__who AS STRING), '␀'),
        COALESCE(CAST(gathering.contract_buyer_name__key AS STRING), '␀'),
        COALESCE(CAST(gathering.contract_item AS STRING), '␀'),
        COALESCE(CAST(gathering.by__from AS STRING), '␀'),
        COALESCE(CAST(gathering.by__to AS STRING), '␀'),
        COALESCE(CAST(gathering.of_amount AS STRING), '␀'),
        COALESCE(CAST(gathering.of_exempt AS STRING), '␀'),
        COALESCE(CAST(gathering.of_supplier AS STRING), '␀')
      ),
      256
    ) AS digest_contract
  FROM kept
  JOIN gathering
    ON gathering.contract_buyer__who = kept.at_contract_buyer__who
    AND gathering.contract_item = kept.at_contract_item
    AND (
      gathering.by__from BETWEEN kept.at_by - INTERVAL '30' DAY AND kept.at_by
      OR gathering.row_contract = kept.at_row
    )
), graded AS (
  SELECT
    judged.per_1,
    judged.per_2,
    CASE WHEN MAX(CASE WHEN is_red THEN 1 ELSE 0 END) = 1 THEN 'red' ELSE 'yellow' END AS level
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
  evidence.row_contract,
  evidence.digest_contract AS digest_contract,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_contracts AS STRING)
  END AS figure_contracts,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_amount AS STRING)
  END AS figure_amount,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_exempt AS STRING)
  END AS figure_exempt,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_smallest AS STRING)
  END AS figure_smallest,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_supplier AS STRING)
  END AS figure_supplier,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_last_supplier AS STRING)
  END AS figure_last_supplier,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN evidence
  ON evidence.at_contract_buyer__who = CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN judged.at_contract_buyer__who
  END
  AND evidence.at_contract_item = judged.at_contract_item
  AND evidence.at_by = judged.at_by
  AND evidence.at_row = judged.at_row
LEFT JOIN graded
  ON graded.per_1 = judged.per_1 AND graded.per_2 = judged.per_2
