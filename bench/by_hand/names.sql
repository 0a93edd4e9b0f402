-- Two names may be one: equal, or one is a masked form of the other; an absent name contradicts nothing.
CREATE TEMP MACRO may_be(a, b) AS coalesce(a = b OR a LIKE b OR b LIKE a, true);
CREATE TEMP MACRO was(a, b) AS coalesce(a = b OR a LIKE b OR b LIKE a, false);
-- The names of one number may be one: all that are written in full are equal, and the masked ones fit.
CREATE TEMP MACRO in_full(name) AS if(contains(name, '%') OR contains(name, '_'), NULL, name);
CREATE TEMP MACRO all_one(first, last, first_in_full, last_in_full) AS
  first IS NULL OR first = last
  OR first_in_full IS NOT DISTINCT FROM last_in_full AND (first LIKE last OR last LIKE first);
