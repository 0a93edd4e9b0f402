WITH line AS (
  SELECT
    line_no,
    item,
    maker,
    spec,
    measure,
    year,
    bought_on__from,
    bought_on__to,
    price,
    freight_included,
    _row
  FROM purchase_lines
), quartiles AS (
  SELECT
    line.item,
    line.maker,
    line.spec,
    line.measure,
    line.year,
    COUNT(*) AS peers,
    QUANTILE_DISC(line.price, 0.25) AS q1,
    QUANTILE_DISC(line.price, 0.75) AS q3
  FROM line
  WHERE
    NOT line.item IS NULL
    AND NOT line.maker IS NULL
    AND NOT line.spec IS NULL
    AND NOT line.measure IS NULL
    AND NOT line.year IS NULL
    AND NOT line.price IS NULL
  GROUP BY
    line.item,
    line.maker,
    line.spec,
    line.measure,
    line.year
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      line._row AS row_line,
      COALESCE(CAST(line.line_no AS TEXT), '') AS per_1,
      'A' AS tier,
      line._row AS lead,
      (
        CASE WHEN quartiles.peers >= 8 THEN TRUE END
      )
      AND (
        line.price > (
          quartiles.q3 + 1.5 * (
            quartiles.q3 - quartiles.q1
          )
        )
      )
      AND (
        (
          CASE
            WHEN line.bought_on__from >= CAST('2003-01-01' AS DATE)
            THEN TRUE
            WHEN line.bought_on__to < CAST('2003-01-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      line.freight_included AS left_1,
      quartiles.peers AS figure_peers,
      quartiles.q1 AS figure_q1,
      quartiles.q3 AS figure_q3,
      (
        quartiles.q1 - 1.5 * (
          quartiles.q3 - quartiles.q1
        )
      ) AS figure_lower,
      (
        quartiles.q3 + 1.5 * (
          quartiles.q3 - quartiles.q1
        )
      ) AS figure_upper,
      CAST(line.item AS TEXT) AS part,
      line.line_no AS line__line_no,
      line.item AS line__item,
      line.maker AS line__maker,
      line.spec AS line__spec,
      line.measure AS line__measure,
      line.year AS line__year,
      line.bought_on__from AS line__bought_on__from,
      line.bought_on__to AS line__bought_on__to,
      line.price AS line__price,
      line.freight_included AS line__freight_included
    FROM line
    LEFT JOIN quartiles
      ON quartiles.item = line.item
      AND quartiles.maker = line.maker
      AND quartiles.spec = line.spec
      AND quartiles.measure = line.measure
      AND quartiles.year = line.year
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
      THEN 'freight included'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'freight included'
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
  CASE WHEN judged.verdict = 'flag' THEN 'yellow' END AS level,
  judged.row_line,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.line__line_no AS TEXT), '␀'),
        COALESCE(CAST(judged.line__item AS TEXT), '␀'),
        COALESCE(CAST(judged.line__maker AS TEXT), '␀'),
        COALESCE(CAST(judged.line__spec AS TEXT), '␀'),
        COALESCE(CAST(judged.line__measure AS TEXT), '␀'),
        COALESCE(CAST(judged.line__year AS TEXT), '␀'),
        COALESCE(CAST(judged.line__bought_on__from AS TEXT), '␀'),
        COALESCE(CAST(judged.line__bought_on__to AS TEXT), '␀'),
        COALESCE(CAST(judged.line__price AS TEXT), '␀'),
        COALESCE(CAST(judged.line__freight_included AS TEXT), '␀')
      )
    )
  END AS digest_line,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_peers AS TEXT)
  END AS figure_peers,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_q1 AS TEXT)
  END AS figure_q1,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_q3 AS TEXT)
  END AS figure_q3,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_lower AS TEXT)
  END AS figure_lower,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_upper AS TEXT)
  END AS figure_upper,
  judged.part,
  judged.lead
FROM judged
