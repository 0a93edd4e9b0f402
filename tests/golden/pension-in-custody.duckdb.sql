WITH pension AS (
  SELECT
    person__key,
    name__key,
    month__from,
    month__to,
    amount,
    adjusted,
    person__who,
    _row
  FROM pensions
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
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      pension._row AS row_pension,
      custody._row AS row_custody,
      COALESCE(CAST(pension.person__who AS TEXT), '') AS per_1,
      CASE
        WHEN pension.name__key = custody.name__key
        THEN 'A'
        WHEN pension.name__key LIKE custody.name__key
        THEN 'A'
        WHEN custody.name__key LIKE pension.name__key
        THEN 'A'
        WHEN pension.name__key = custody.former_name__key
        THEN 'A'
        WHEN pension.name__key LIKE custody.former_name__key
        THEN 'A'
        WHEN custody.former_name__key LIKE pension.name__key
        THEN 'A'
        WHEN pension.name__key IS NULL OR custody.name__key IS NULL
        THEN 'A'
        ELSE 'B'
      END AS tier,
      pension._row AS lead,
      (
        pension.amount > 0
      )
      AND (
        CASE
          WHEN pension.month__from <= pension.month__to
          AND pension.month__from <= custody.ended_on__from
          AND custody.started_on__to <= pension.month__to
          AND custody.started_on__to <= custody.ended_on__from
          THEN TRUE
          WHEN pension.month__from > pension.month__to
          OR pension.month__from > custody.ended_on__to
          OR custody.started_on__from > pension.month__to
          OR custody.started_on__from > custody.ended_on__to
          THEN FALSE
        END
      )
      AND (
        (
          custody.released_on__from IS NULL
          OR CASE
            WHEN pension.month__from <= custody.released_on__from
            THEN TRUE
            WHEN pension.month__from > custody.released_on__to
            THEN FALSE
          END
        )
      )
      AND (
        (
          custody.kind IN ('prison', 'detention', 'short_term') OR pension.adjusted
        )
      )
      AND (
        (
          CASE
            WHEN pension.month__from >= CAST('2001-03-08' AS DATE)
            THEN TRUE
            WHEN pension.month__to < CAST('2001-03-08' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      NOT (
        custody.acquitted_on__from IS NULL
      ) AS left_1,
      NOT (
        custody.final
      ) AS cannot_1,
      custody.kind IN ('prison', 'detention', 'short_term') AS is_red,
      pension.person__key AS pension__person__key,
      pension.name__key AS pension__name__key,
      pension.month__from AS pension__month__from,
      pension.month__to AS pension__month__to,
      pension.amount AS pension__amount,
      pension.adjusted AS pension__adjusted,
      pension.person__who AS pension__person__who,
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
      custody.acquitted_on__from AS custody__acquitted_on__from
    FROM pension
    JOIN custody
      ON pension.person__key = custody.person__key
    WHERE
      (
        pension.amount > 0
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
      THEN 'acquitted'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'acquitted'
      WHEN cannot_1 IS DISTINCT FROM FALSE
      THEN 'judgment not final'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), graded AS (
  SELECT
    judged.per_1,
    CASE WHEN MAX(CASE WHEN is_red THEN 1 ELSE 0 END) = 1 THEN 'red' ELSE 'yellow' END AS level
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
  judged.row_pension,
  judged.row_custody,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN SHA256(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(judged.pension__person__key AS TEXT), '␀'),
        COALESCE(CAST(judged.pension__name__key AS TEXT), '␀'),
        COALESCE(CAST(judged.pension__month__from AS TEXT), '␀'),
        COALESCE(CAST(judged.pension__month__to AS TEXT), '␀'),
        COALESCE(CAST(judged.pension__amount AS TEXT), '␀'),
        COALESCE(CAST(judged.pension__adjusted AS TEXT), '␀'),
        COALESCE(CAST(judged.pension__person__who AS TEXT), '␀')
      )
    )
  END AS digest_pension,
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
  judged.is_red,
  judged.lead
FROM judged
LEFT JOIN graded
  ON graded.per_1 = judged.per_1
