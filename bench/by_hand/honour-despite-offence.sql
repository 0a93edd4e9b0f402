SELECT h.person AS per_1, h.title AS per_2,
       CASE WHEN bool_or(o.kind = 'criminal') OVER (PARTITION BY h.person, h.title)
            THEN 'red' ELSE 'yellow' END AS level,
       h._row AS honour, o._row AS offence
FROM honours h JOIN offences o USING (person__key)
WHERE h.granted_on__from >= DATE '2005-01-01'
  AND o.occurred_on__to < h.granted_on__from
  AND h.granted_on__to <= o.occurred_on__from + CASE
        WHEN h.granted_on__to < DATE '2020-01-01' THEN INTERVAL 5 YEARS
        WHEN h.granted_on__from >= DATE '2020-01-01' THEN INTERVAL 10 YEARS END
  AND h.list <> 'notice'
  AND (o.kind <> 'traffic_fine' OR o.amount >= 20000)
  AND o.revoked_on__from IS NULL
  AND o.final
  AND (may_be(h.name__key, o.name__key) OR was(h.name__key, o.former_name__key)
       OR was(h.former_name__key, o.name__key) OR was(h.former_name__key, o.former_name__key))
