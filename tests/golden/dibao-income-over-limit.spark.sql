WITH household AS (
  SELECT
    household,
    month__from,
    month__to,
    members,
    deduction,
    _row
  FROM dibao_households
), member AS (
  SELECT
    household,
    person__key,
    name__key,
    started_on__from,
    started_on__to,
    ended_on__from,
    ended_on__to,
    _row
  FROM household_members
), income AS (
  SELECT
    person__key,
    name__key,
    month__from,
    month__to,
    amount,
    employment_started_on__from,
    employment_started_on__to,
    _row
  FROM incomes
), gathering AS (
  SELECT
    household._row AS row_household,
    member._row AS row_member,
    income._row AS row_income,
    household.household AS household_household,
    household.month__from AS household_month__from,
    household.month__to AS household_month__to,
    income.amount AS of_income,
    household.members AS of_members,
    household.deduction AS of_deduction,
    member.person__key AS tie_member_person__key,
    member.started_on__to AS read_member_started_on__to,
    member.ended_on__from AS read_member_ended_on__from,
    member.started_on__from AS read_member_started_on__from,
    member.ended_on__to AS read_member_ended_on__to,
    member.name__key AS read_member_name__key,
    income.employment_started_on__from AS read_income_employment_started_on__from,
    income.employment_started_on__to AS read_income_employment_started_on__to,
    income.name__key AS read_income_name__key,
    CASE
      WHEN income.month__from <= income.month__to
      AND income.month__from <= member.ended_on__from
      AND member.started_on__to <= income.month__to
      AND member.started_on__to <= member.ended_on__from
      THEN TRUE
      WHEN income.month__from > income.month__to
      OR income.month__from > member.ended_on__to
      OR member.started_on__from > income.month__to
      OR member.started_on__from > member.ended_on__to
      THEN FALSE
    END
    AND (
      (
        (
          income.employment_started_on__from IS NULL
          OR CASE
            WHEN income.month__to < income.employment_started_on__from
            THEN TRUE
            WHEN income.month__to >= income.employment_started_on__to
            THEN FALSE
          END
        )
        OR CASE
          WHEN LAST_DAY(CAST(income.employment_started_on__to + INTERVAL '5' MONTH AS DATE)) < income.month__from
          THEN TRUE
          WHEN LAST_DAY(CAST(income.employment_started_on__from + INTERVAL '5' MONTH AS DATE)) >= income.month__from
          THEN FALSE
        END
      )
    ) AS counts,
    CASE
      WHEN member.name__key = income.name__key
      THEN 'A'
      WHEN member.name__key LIKE income.name__key ESCAPE '␛'
      THEN 'A'
      WHEN income.name__key LIKE member.name__key ESCAPE '␛'
      THEN 'A'
      WHEN member.name__key IS NULL OR income.name__key IS NULL
      THEN 'A'
      ELSE 'B'
    END AS tier
  FROM household
  JOIN member
    ON household.household = member.household
  JOIN income
    ON member.person__key = income.person__key
    AND household.month__from = income.month__from
    AND household.month__to = income.month__to
  WHERE
    NOT household.household IS NULL
    AND NOT household.month__from IS NULL
    AND NOT household.month__to IS NULL
    AND (
      CASE
        WHEN income.month__from <= income.month__to
        AND income.month__from <= member.ended_on__from
        AND member.started_on__to <= income.month__to
        AND member.started_on__to <= member.ended_on__from
        THEN TRUE
        WHEN income.month__from > income.month__to
        OR income.month__from > member.ended_on__to
        OR member.started_on__from > income.month__to
        OR member.started_on__from > member.ended_on__to
        THEN FALSE
      END
      AND (
        (
          (
            income.employment_started_on__from IS NULL
            OR CASE
              WHEN income.month__to < income.employment_started_on__from
              THEN TRUE
              WHEN income.month__to >= income.employment_started_on__to
              THEN FALSE
            END
          )
          OR CASE
            WHEN LAST_DAY(CAST(income.employment_started_on__to + INTERVAL '5' MONTH AS DATE)) < income.month__from
            THEN TRUE
            WHEN LAST_DAY(CAST(income.employment_started_on__from + INTERVAL '5' MONTH AS DATE)) >= income.month__from
            THEN FALSE
          END
        )
      )
    ) IS DISTINCT FROM FALSE
), promising AS (
  SELECT
    gathering.*
  FROM gathering
  SEMI JOIN (
    SELECT
      household_household,
      household_month__from,
      household_month__to
    FROM (
      SELECT
        household_household,
        household_month__from,
        household_month__to,
        CASE
          WHEN COUNT(*) = COUNT(counts) AND COUNT(*) = COUNT(of_members)
          THEN MAX(of_members)
        END AS members,
        CASE
          WHEN COUNT(*) = COUNT(counts) AND COUNT(*) = COUNT(of_income)
          THEN SUM(CASE WHEN of_income > 0 THEN of_income ELSE 0 END)
        END AS income_at_most
      FROM gathering
      GROUP BY
        household_household,
        household_month__from,
        household_month__to
    ) AS gathered
    WHERE
      (
        (
          gathered.income_at_most > (
            CASE
              WHEN gathered.household_month__to <= CAST('2021-12-31' AS DATE)
              THEN 1000
              WHEN gathered.household_month__from >= CAST('2022-01-01' AS DATE)
              THEN 1100
            END
          ) * 100 * gathered.members
        )
      ) IS DISTINCT FROM FALSE
  ) AS found
    ON gathering.household_household = found.household_household
    AND gathering.household_month__from = found.household_month__from
    AND gathering.household_month__to = found.household_month__to
), gathered AS (
  SELECT
    whole.*,
    of_income.income
  FROM (
    SELECT
      household_household,
      household_month__from,
      household_month__to,
      CASE
        WHEN COUNT(*) = COUNT(counts) AND COUNT(*) = COUNT(of_members)
        THEN MAX(of_members)
      END AS members,
      CASE
        WHEN COUNT(*) = COUNT(counts) AND COUNT(*) = COUNT(of_deduction)
        THEN MAX(of_deduction)
      END AS deduction,
      MAX(tier) AS tier,
      MIN(row_household) AS lead
    FROM promising
    GROUP BY
      household_household,
      household_month__from,
      household_month__to
  ) AS whole
  JOIN (
    SELECT
      household_household,
      household_month__from,
      household_month__to,
      CASE
        WHEN COUNT(*) = COUNT(counts) AND COUNT(*) = COUNT(of_income)
        THEN SUM(of_income)
      END AS income
    FROM (
      SELECT
        household_household,
        household_month__from,
        household_month__to,
        MIN(of_income) AS of_income,
        MAX(CASE WHEN counts THEN 1 END) = 1 AS counts
      FROM promising
      GROUP BY
        household_household,
        household_month__from,
        household_month__to,
        row_income
    ) AS each
    GROUP BY
      household_household,
      household_month__from,
      household_month__to
  ) AS of_income
    ON of_income.household_household = whole.household_household
    AND of_income.household_month__from = whole.household_month__from
    AND of_income.household_month__to = whole.household_month__to
), candidate AS (
  SELECT
    *
  FROM (
    SELECT
      gathered.household_household AS at_household_household,
      gathered.household_month__from AS at_household_month__from,
      gathered.household_month__to AS at_household_month__to,
      COALESCE(CAST(gathered.household_household AS STRING), '') AS per_1,
      COALESCE(
        CASE
          WHEN CAST(gathered.household_month__from AS STRING) = CAST(gathered.household_month__to AS STRING)
          THEN CAST(gathered.household_month__from AS STRING)
          ELSE CAST(gathered.household_month__from AS STRING) || '..' || CAST(gathered.household_month__to AS STRING)
        END,
        ''
      ) AS per_2,
      gathered.tier AS tier,
      gathered.lead AS lead,
      (
        gathered.income > (
          CASE
            WHEN gathered.household_month__to <= CAST('2021-12-31' AS DATE)
            THEN 1000
            WHEN gathered.household_month__from >= CAST('2022-01-01' AS DATE)
            THEN 1100
          END
        ) * 100 * gathered.members
      )
      AND (
        (
          CASE
            WHEN gathered.household_month__from >= CAST('1999-10-01' AS DATE)
            THEN TRUE
            WHEN gathered.household_month__to < CAST('1999-10-01' AS DATE)
            THEN FALSE
          END
        )
      ) AS flag,
      gathered.income - gathered.deduction <= (
        CASE
          WHEN gathered.household_month__to <= CAST('2021-12-31' AS DATE)
          THEN 1000
          WHEN gathered.household_month__from >= CAST('2022-01-01' AS DATE)
          THEN 1100
        END
      ) * 100 * gathered.members AS left_1,
      gathered.income AS figure_income,
      gathered.members AS figure_members,
      gathered.deduction AS figure_deduction,
      CAST(gathered.household_household AS STRING) AS part
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
      THEN 'unavoidable expenses'
      WHEN flag IS NULL
      THEN 'flag_when'
      WHEN left_1 IS NULL
      THEN 'unavoidable expenses'
      WHEN tier IN ('B', 'E')
      THEN 'identity'
      ELSE 'flag_when'
    END AS decided_by
  FROM candidate
), kept AS (
  SELECT DISTINCT
    at_household_household,
    at_household_month__from,
    at_household_month__to
  FROM judged
  WHERE
    judged.verdict = 'flag' OR judged.decided_by = 'identity'
), evidence AS (
  SELECT
    kept.at_household_household,
    kept.at_household_month__from,
    kept.at_household_month__to,
    gathering.row_household,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.household_household AS STRING), '␀'),
        COALESCE(CAST(gathering.household_month__from AS STRING), '␀'),
        COALESCE(CAST(gathering.household_month__to AS STRING), '␀'),
        COALESCE(CAST(gathering.of_members AS STRING), '␀'),
        COALESCE(CAST(gathering.of_deduction AS STRING), '␀')
      ),
      256
    ) AS digest_household,
    gathering.row_member,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.tie_member_person__key AS STRING), '␀'),
        COALESCE(CAST(gathering.read_member_started_on__to AS STRING), '␀'),
        COALESCE(CAST(gathering.read_member_ended_on__from AS STRING), '␀'),
        COALESCE(CAST(gathering.read_member_started_on__from AS STRING), '␀'),
        COALESCE(CAST(gathering.read_member_ended_on__to AS STRING), '␀'),
        COALESCE(CAST(gathering.read_member_name__key AS STRING), '␀'),
        COALESCE(CAST(gathering.household_household AS STRING), '␀')
      ),
      256
    ) AS digest_member,
    gathering.row_income,
    SHA2(
      CONCAT_WS(
        '␟',
        COALESCE(CAST(gathering.of_income AS STRING), '␀'),
        COALESCE(CAST(gathering.read_income_employment_started_on__from AS STRING), '␀'),
        COALESCE(CAST(gathering.read_income_employment_started_on__to AS STRING), '␀'),
        COALESCE(CAST(gathering.read_income_name__key AS STRING), '␀'),
        COALESCE(CAST(gathering.tie_member_person__key AS STRING), '␀'),
        COALESCE(CAST(gathering.household_month__from AS STRING), '␀'),
        COALESCE(CAST(gathering.household_month__to AS STRING), '␀')
      ),
      256
    ) AS digest_income
  FROM kept
  JOIN promising AS gathering
    ON gathering.household_household = kept.at_household_household
    AND gathering.household_month__from = kept.at_household_month__from
    AND gathering.household_month__to = kept.at_household_month__to
)
SELECT
  judged.per_1,
  judged.per_2,
  judged.verdict,
  judged.decided_by,
  judged.tier,
  CASE WHEN judged.verdict = 'flag' THEN 'yellow' END AS level,
  evidence.row_household,
  evidence.row_member,
  evidence.row_income,
  evidence.digest_household AS digest_household,
  evidence.digest_member AS digest_member,
  evidence.digest_income AS digest_income,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_income AS STRING)
  END AS figure_income,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_members AS STRING)
  END AS figure_members,
  CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN CAST(judged.figure_deduction AS STRING)
  END AS figure_deduction,
  judged.part,
  judged.lead
FROM judged
LEFT JOIN evidence
  ON evidence.at_household_household = CASE
    WHEN judged.verdict = 'flag' OR judged.decided_by = 'identity'
    THEN judged.at_household_household
  END
  AND evidence.at_household_month__from = judged.at_household_month__from
  AND evidence.at_household_month__to = judged.at_household_month__to
