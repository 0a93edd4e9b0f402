"""Tying rows to people and organisations after a delivery: all of them, or those it can change.

What a row is tied to depends on what it says, on the population (everybody whose full number some
register bears) and on what people judged, never on the order in which rows came. So rows are looked at
again only where they are new, were judged, or share something with a part of the population that changed;
the result is the one a full linking would give.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.types import Country
from plumbline.engine.linkage import (
    judged,
    merged,
    organisation_candidates,
    persons,
    together,
    weights,
)
from plumbline.engine.linkage.claim import SAID, Kind, Slot, slots
from plumbline.engine.linkage.identity import FIELDS, TABLE, Identity, identity
from plumbline.engine.linkage.judgement import Judgement, judgements
from plumbline.engine.linkage.loose import lay_out
from plumbline.engine.linkage.organisation_doubt import names_in_doubt
from plumbline.engine.linkage.register import Said, lay_facts, refresh, tidy
from plumbline.engine.linkage.view import NAMED

KINDS: tuple[Kind, ...] = ("person", "organisation")
FOUND = "claim BIGINT, key BIGINT, who VARCHAR, tier VARCHAR, via VARCHAR, why VARCHAR"
#: What a tie consists of, in the order of the identity map.
_TIE = ("kind", "dataset", "slot", "row", "claim", "key", "who", "tier", "via", "why")


@dataclass(frozen=True)
class Linked:
    """What a linking came to.

    Attributes:
        looked_at: claims (what rows say of their bearer) that were worked out now; all, if in full.
        tiers: rows tied by each tier; `E` counts those that may be about somebody.
        open: rows without a full number that are about nobody known, or about too many.
        changes: rows that were tied otherwise before.
        notes: what the model of weights could not learn, in words.
    """

    identity: Identity
    in_full: bool
    looked_at: int
    tiers: Mapping[str, int]
    open: int
    changes: int
    unchanged: bool = False
    notes: tuple[Any, ...] = ()


def link(
    store: Store,
    datasets: Mapping[str, Dataset],
    country: Country,
    *,
    at: datetime,
    full: bool = False,
    retrain: bool = False,
) -> Linked:
    """Bring the identity map up to what is loaded and what was judged.

    Args:
        at: when; the engine has no clock.
        full: look at every row again, and not only at those that may have changed.
        retrain: learn again how offices err and how common names are, before weighing.

    Raises:
        StoreError: another process is writing, or the disk is full.
    """
    before = identity(store)
    decided = [each for each in judgements(store) if each.in_force]
    described = {
        slot.dataset.name: slot.dataset
        for kind in KINDS
        for slot in slots(datasets, kind)
        if store.version(slot.dataset.name) is not None
    }
    snapshots = {name: store.snapshot(name) for name in sorted(described)}
    rests_on = {
        "saw": {n: [s.version, described[n].fingerprint] for n, s in snapshots.items()},
        "judged": [each.number for each in decided],
    }
    same = all(before.info.get(name) == value for name, value in rests_on.items())
    if same and before.version is not None and not (full or retrain):
        return _as_it_is(store, before)
    with store.writing() as scratch, open_duckdb(store.limits) as duck:
        work = _Work(
            store, duck, scratch, described, snapshots, country, before, decided, full, retrain
        )
        return work.run(at, rests_on)


def _as_it_is(store: Store, before: Identity) -> Linked:
    with open_duckdb(store.limits) as duck:
        tiers, open_ = _count(duck, before.relation())
    return Linked(
        before, in_full=False, looked_at=0, tiers=tiers, open=open_, changes=0, unchanged=True
    )


def _count(duck: Duck, relation: str) -> tuple[dict[str, int], int]:
    rows = duck.run(
        "SELECT COALESCE(tier, ''), COUNT(DISTINCT (dataset, slot, row)) FROM "
        f"{relation} WHERE kind IN ('tie', 'none') GROUP BY 1 ORDER BY 1"
    )
    return {str(tier): int(n) for tier, n in rows if tier}, sum(n for tier, n in rows if not tier)


@dataclass
class _Work:
    """One linking, step by step, on one connection."""

    store: Store
    duck: Duck
    scratch: Path
    datasets: Mapping[str, Dataset]
    snapshots: Mapping[str, Snapshot]
    country: Country
    before: Identity
    decided: Sequence[Judgement]
    full: bool
    retrain: bool
    model: weights.Frozen | None = None  # the one that weighs; learned where there is none yet

    def run(self, at: datetime, rests_on: Mapping[str, Any]) -> Linked:
        duck = self.duck
        lay_facts(duck, self.datasets, self.snapshots)
        duck.run(f"CREATE TEMP VIEW earlier AS SELECT * FROM {self.before.relation()}")
        loose = sum(lay_out(duck, kind, self._slots(kind), self.decided) for kind in KINDS)
        said = {kind: self._statements(kind) for kind in KINDS}
        doubted = self._doubt(said["organisation"])
        nothing = not (loose or doubted or self.decided or self._formers())
        if nothing and self.before.version is None:
            return Linked(self.before, in_full=True, looked_at=0, tiers={}, open=0, changes=0)
        numbers = self._merge(said["person"])
        persons.prepare(duck, "current_person")
        known = persons.population(duck)
        self.model = self._earlier_model(known)
        in_full = (
            self.full or self.retrain or self.before.version is None
            or self.before.info.get("known") != known
            or not all(each.comparable for each in said.values())
        )  # fmt: skip
        duck.run(f"CREATE TEMP TABLE found ({FOUND})")
        looked_at = sum(self._look_at(kind, known, in_full=in_full) for kind in KINDS)
        self._tie()
        merged.enter(duck, self._slots("person"))
        for kind in KINDS:
            judged.enter(duck, self._slots(kind), self.decided)
        together.enter(duck, {kind: self._slots(kind) for kind in KINDS}, self.decided)
        number = self.before.number + 1
        changed = self._note_changes(number, rests_on)
        info = {
            **rests_on, "number": number, "doubted": doubted, "at": at.isoformat(), "known": known,
            "model": self.model.digest if self.model else None, "merged": numbers, **self._where_tied(),
        }  # fmt: skip
        self._commit(info)
        tidy(self.store, [file for each in said.values() for file in each.files])
        tiers, open_ = _count(duck, "ties")
        now = identity(self.store)
        return Linked(
            now, in_full, looked_at, tiers, open_, changed,
            notes=self.model.notes if self.model else (),
        )  # fmt: skip

    def _doubt(self, said: Said) -> int:
        """List the names under one code that cannot be one organisation's; gives how many pairs."""
        found = names_in_doubt(self.duck, self._slots("organisation"), said.relation, self.country)
        self.duck.run(
            "CREATE OR REPLACE TEMP TABLE doubts AS SELECT 'doubt' AS kind, code AS who, "
            f"CAST(TO_JSON({{'name': name, 'other': other}}) AS VARCHAR) AS why FROM {found}"
        )
        ((n,),) = self.duck.run("SELECT COUNT(*) FROM doubts")
        return int(n)

    def _formers(self) -> bool:
        """Does any register tell former numbers?"""
        return any("person.id" in s.dataset.described_by(s.column) for s in self._slots("person"))

    def _statements(self, kind: Kind) -> Said:
        saw = self.before.info.get("saw", {})
        return refresh(self.store, self.duck, kind, self._slots(kind), self.snapshots, saw)

    def _merge(self, said: Said) -> list[list[str]]:
        """Have everybody under one number; whose number became another has changed as well."""
        duck = self.duck
        numbers = merged.find(duck, said.relation, self.decided)
        for name in ("said", "changed"):
            duck.run(
                f"CREATE TEMP VIEW current_{name}_person AS {merged.current(f'{name}_person')}"
            )
        duck.run("CREATE TEMP VIEW current_person AS SELECT * FROM current_said_person")
        other = {tuple(each) for each in numbers} ^ {
            tuple(each) for each in self.before.info.get("merged", [])
        }
        keys = sorted(
            {
                int(number[:17].zfill(17)) if len(number) == 18 else int(number)
                for pair in other
                for number in pair
            }
        )
        listed = ", ".join(map(str, keys)) or "NULL"
        duck.run(
            "CREATE TEMP TABLE moved_person AS SELECT * FROM current_changed_person UNION ALL "
            f"SELECT * FROM current_person WHERE key IN ({listed}) UNION ALL "
            f"SELECT * FROM said_person WHERE key IN ({listed})"
        )
        duck.run("CREATE TEMP VIEW current_organisation AS SELECT * FROM said_organisation")
        duck.run("CREATE TEMP VIEW moved_organisation AS SELECT * FROM changed_organisation")
        return numbers

    def _where_tied(self) -> dict[str, list[list[str]]]:
        """Which columns have rows that are tied, and which have rows that may be about somebody."""
        return {
            name: [list(row) for row in self.duck.run(
                f"SELECT DISTINCT dataset, slot FROM ties WHERE kind = 'tie' AND {which} ORDER BY ALL"
            )]
            for name, which in (("tied", "tier <> 'E'"), ("guessed", "tier = 'E'"), ("named", NAMED))
        }  # fmt: skip

    def _slots(self, kind: Kind) -> list[Slot]:
        return slots(self.datasets, kind)

    def _earlier_model(self, known: int) -> weights.Frozen | None:
        """The model that weighed before; none if the place has grown, or it compared other things."""
        digest = self.before.info.get("model")
        if not digest or self.retrain or self.before.info.get("known") != known:
            return None
        return weights.read(self.store, digest)

    def _look_at(self, kind: Kind, known: int, *, in_full: bool) -> int:
        """Work out the candidates of claims that may have changed; the others keep theirs."""
        duck = self.duck
        duck.run(
            f"CREATE OR REPLACE TEMP TABLE claims AS SELECT DISTINCT claim, {', '.join(SAID)} "
            f"FROM loose_{kind} WHERE claim NOT IN (SELECT claim FROM settled_{kind})"
        )
        if in_full or (kind == "person" and self.model is None):
            duck.run("CREATE OR REPLACE TEMP TABLE affected AS SELECT claim FROM claims")
        else:
            self._find_affected(kind)
        duck.run(
            "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT * FROM claims "
            "WHERE claim IN (SELECT claim FROM affected)"
        )
        ((n,),) = duck.run("SELECT COUNT(*) FROM looked_at")
        if n:
            self._candidates(kind, known)
            duck.run("INSERT INTO found SELECT claim, key, who, tier, via, why FROM candidates")
        duck.run(
            "INSERT INTO found SELECT DISTINCT claim, key, who, tier, via, why FROM earlier "
            "WHERE kind = 'tie' AND via IN ('rule', 'weight') "
            "AND claim IN (SELECT claim FROM claims) AND claim NOT IN (SELECT claim FROM affected)"
        )
        key = "CAST(SUBSTR(who, 1, 17) AS BIGINT)" if kind == "person" else "CAST(NULL AS BIGINT)"
        duck.run(
            f"INSERT INTO found SELECT claim, {key}, who, 'C', 'judgement', "
            f"CAST(TO_JSON({{'judgement': judgement}}) AS VARCHAR) FROM settled_{kind}"
        )
        return int(n)

    def _candidates(self, kind: Kind, known: int) -> None:
        """Make `candidates` (claim, key, who, tier, by, why) of what is looked at."""
        if kind == "person":
            persons.candidates(self.duck, "looked_at", "current_person", known)
            self.model = weights.add(
                self.store, self.duck, self.model, "looked_at", "current_person"
            )
            persons.strangers(self.duck, "looked_at")
        else:
            said = "current_organisation"
            organisation_candidates.candidates(self.duck, "looked_at", said, self.country)

    def _find_affected(self, kind: Kind) -> None:
        """Claims that are new, or that share something with a part of the population that changed."""
        duck, moved = self.duck, f"moved_{kind}"
        duck.run(
            "CREATE OR REPLACE TEMP TABLE affected AS SELECT DISTINCT claim FROM claims "
            "WHERE claim NOT IN (SELECT claim FROM earlier WHERE kind IN ('tie', 'none') AND claim IS NOT NULL)"
        )
        # What a judgement of other rows made of it is not what the rules alone say.
        duck.run(
            "INSERT INTO affected SELECT DISTINCT claim FROM earlier "
            "WHERE kind IN ('tie', 'none') AND via = 'judgement' AND claim IS NOT NULL"
        )
        ((n,),) = duck.run(f"SELECT COUNT(*) FROM {moved}")
        if not n:
            return
        if kind == "person" and self.model:
            duck.run(f"INSERT INTO affected {persons.touched(duck, 'claims', moved)}")
            duck.run(f"INSERT INTO affected {weights.touched(duck, self.model, 'claims', moved)}")
        elif kind == "organisation":
            found = organisation_candidates.touched(duck, "claims", moved, self.country)
            duck.run(f"INSERT INTO affected {found}")
        same = f"who IN (SELECT number FROM {moved})"
        duck.run(
            f"INSERT INTO affected SELECT DISTINCT claim FROM earlier WHERE kind = 'tie' AND {same}"
        )

    def _tie(self) -> None:
        """From claims to the rows that make them."""
        duck = self.duck
        loose = " UNION ALL ".join(
            f"SELECT dataset, slot, row, claim FROM loose_{k}" for k in KINDS
        )
        duck.run(
            "CREATE OR REPLACE TEMP TABLE ties AS SELECT CASE WHEN f.who IS NULL THEN 'none' ELSE 'tie' END AS kind, "
            f"l.dataset, l.slot, l.row, l.claim, f.key, f.who, f.tier, COALESCE(f.via, 'rule') AS via, f.why "
            f"FROM ({loose}) AS l LEFT JOIN found AS f USING (claim)"
        )

    def _note_changes(self, number: int, rests_on: Mapping[str, Any]) -> int:
        """Rows that are tied otherwise than before, with what came of them; the history goes on.

        A new row is no change. A row with a full number is in the map only where it stands for somebody
        else, so it changes by appearing there, or by leaving; while it is absent, its own number counts.
        """
        duck = self.duck
        because = sql.literal(json.dumps(self._because(rests_on), ensure_ascii=False))
        for name, source in (("now_tied", "ties"), ("then_tied", "earlier")):
            # A row that is only guessed about counts as open: guesses come and go.
            duck.run(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT dataset, slot, row, "
                "MIN(CASE WHEN tier <> 'E' THEN who END) AS who, "
                "MIN(CASE WHEN tier <> 'E' THEN tier END) AS tier, "
                "MIN(CASE WHEN tier <> 'E' THEN via END) AS via, MAX(claim) IS NULL AS numbered "
                f"FROM {source} WHERE kind IN ('tie', 'none') GROUP BY dataset, slot, row"
            )
        duck.run(
            "CREATE OR REPLACE TEMP TABLE changed AS SELECT 'change' AS kind, dataset, slot, row, "
            "CAST(NULL AS BIGINT) AS claim, CAST(NULL AS BIGINT) AS key, n.who, n.tier, "
            "CASE WHEN n.numbered IS NULL THEN 'number' ELSE n.via END AS via, "
            f"{because} AS why, {number} AS number, "
            "CAST(TO_JSON({'who': o.who, 'tier': o.tier, "
            "'by': CASE WHEN o.numbered IS NULL THEN 'number' ELSE o.via END}) AS VARCHAR) AS before "
            "FROM now_tied AS n FULL JOIN then_tied AS o USING (dataset, slot, row) "
            "WHERE (n.who IS DISTINCT FROM o.who OR n.tier IS DISTINCT FROM o.tier) "
            "AND ((n.numbered IS NOT NULL AND o.numbered IS NOT NULL) OR COALESCE(n.numbered, o.numbered))"
        )
        ((n,),) = duck.run("SELECT COUNT(*) FROM changed")
        return int(n)

    def _because(self, rests_on: Mapping[str, Any]) -> dict[str, Any]:
        """What is new since the last linking: judgements, deliveries."""
        before = self.before.info
        judged_before = set(before.get("judged", ()))
        saw = before.get("saw", {})
        return {
            "judgements": sorted(judged_before ^ set(rests_on["judged"])),
            "datasets": sorted(n for n, seen in rests_on["saw"].items() if saw.get(n) != seen),
        }

    def _commit(self, info: Mapping[str, Any]) -> None:
        table = self.store.table(TABLE)
        select = (
            f"SELECT {', '.join(_TIE)}, CAST(NULL AS INTEGER) AS number, CAST(NULL AS VARCHAR) AS before FROM ties "
            f"UNION ALL SELECT {', '.join(_TIE)}, number, before FROM changed "
            f"UNION ALL SELECT {', '.join(_TIE)}, number, before FROM earlier WHERE kind = 'change' "
            "UNION ALL SELECT kind, NULL, NULL, NULL, NULL, NULL, who, 'B', 'rule', why, NULL, NULL FROM doubts"
        )
        typed = ", ".join(
            f"CAST({sql.name(f.suffix)} AS {f.sql}) AS {sql.name(f.suffix)}" for f in FIELDS
        )
        self.duck.run(f"CREATE OR REPLACE TEMP TABLE map AS SELECT {typed} FROM ({select})")
        staged = table.stage(
            self.duck,
            "SELECT * FROM map",
            self.scratch,
            ["row", "dataset", "slot", "kind", "who", "number"],
        )
        table.commit(staged, FIELDS, {"identity": dict(info)}, replace=True)
