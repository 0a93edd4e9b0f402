"""The same questions as an analyst asks them in pandas and Polars, read from the same Parquet files.

Every answer is one row per flagged pair of facts: what makes one warning, its level, and the rows' numbers.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial

import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.once import peak

Files = Mapping[str, Sequence[str]]  # dataset -> its Parquet files


def may_be(one: object, other: object) -> bool:
    """Two names may be one: equal, or one is a masked form of the other; absent contradicts nothing."""
    if not isinstance(one, str) or not isinstance(other, str):
        return True
    return one == other or _fits(one, other) or _fits(other, one)


def was(one: object, other: object) -> bool:
    return isinstance(one, str) and isinstance(other, str) and may_be(one, other)


def _fits(name: str, mask: str) -> bool:
    pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in mask)
    return re.fullmatch(pattern, name) is not None


def in_full(name: object) -> object:
    return None if isinstance(name, str) and re.search("[%_]", name) else name


# -- pandas --------------------------------------------------------------------------------------


def read(files: Files, dataset: str, *columns: str) -> pd.DataFrame:
    parts = [pq.read_table(path, columns=list(columns)) for path in files[dataset]]
    return pa.concat_tables(parts).to_pandas(date_as_object=False)


def honour_despite_offence(files: Files) -> pd.DataFrame:
    honours = read(
        files, "honours", "person", "person__key", "name__key", "former_name__key", "title",
        "list", "granted_on__from", "granted_on__to", "_row",
    )  # fmt: skip
    offences = read(
        files, "offences", "person__key", "name__key", "former_name__key", "kind", "occurred_on__from",
        "occurred_on__to", "revoked_on__from", "final", "amount", "_row",
    )  # fmt: skip
    honours = honours[(honours["list"] != "notice") & honours["list"].notna()]
    honours = honours[honours["granted_on__from"] >= "2005-01-01"]
    offences = offences[offences["revoked_on__from"].isna() & offences["final"].eq(other=True)]
    minor = offences["kind"].eq("traffic_fine") & ~(offences["amount"] >= 20_000)
    offences = offences[offences["kind"].notna() & ~minor]
    both = honours.dropna(subset="person__key").merge(
        offences, on="person__key", suffixes=("", "_o")
    )
    five = both["occurred_on__from"] + pd.DateOffset(years=5)
    ten = both["occurred_on__from"] + pd.DateOffset(years=10)
    recent = both["granted_on__from"] >= "2020-01-01"
    old = both["granted_on__to"] < "2020-01-01"
    both = both[
        (both["occurred_on__to"] < both["granted_on__from"])
        & (recent & (both["granted_on__to"] <= ten) | old & (both["granted_on__to"] <= five))
    ]
    both = both[
        _same_person(both, ["name__key", "former_name__key"], ["name__key_o", "former_name__key_o"])
    ]
    red = both["kind"].eq("criminal").groupby([both["person"], both["title"]]).transform("any")
    return _answer(
        both, {"per_1": "person", "per_2": "title"}, red, honour="_row", offence="_row_o"
    )


def pension_in_custody(files: Files) -> pd.DataFrame:
    pensions = read(
        files, "pensions", "person", "person__key", "name__key", "month__from", "month__to",
        "amount", "adjusted", "_row",
    )  # fmt: skip
    custody = read(
        files, "custody", "person__key", "name__key", "former_name__key", "kind", "started_on__to",
        "ended_on__from", "released_on__from", "final", "acquitted_on__from", "_row",
    )  # fmt: skip
    custody = custody[custody["final"].eq(other=True) & custody["acquitted_on__from"].isna()]
    custody = custody[custody["started_on__to"] <= custody["ended_on__from"]].dropna(
        subset="person__key"
    )
    pensions = pensions[(pensions["amount"] > 0) & (pensions["month__from"] >= "2001-03-08")]
    both = pensions.merge(custody, on="person__key", suffixes=("", "_c"))
    inside = both["kind"].isin(["prison", "detention", "short_term"])
    both = both[
        (both["started_on__to"] <= both["month__to"])
        & (both["month__from"] <= both["ended_on__from"])
        & (both["released_on__from"].isna() | (both["month__from"] <= both["released_on__from"]))
        & (inside | both["adjusted"].eq(other=True))
    ]
    both = both[_same_person(both, ["name__key"], ["name__key_c", "former_name__key"])]
    red = (
        both["kind"]
        .isin(["prison", "detention", "short_term"])
        .groupby(both["person"])
        .transform("any")
    )
    return _answer(both, {"per_1": "person"}, red, pension="_row", custody="_row_c")


def benefit_after_death(files: Files) -> pd.DataFrame:
    deaths = read(
        files, "deaths", "person__key", "name__key", "former_name__key", "died_on__to", "cancelled_on__from", "_row"
    ).dropna(subset="person__key")  # fmt: skip
    paid = read(
        files, "benefit_payments", "person", "person__key", "name__key", "scheme", "month__from",
        "month__to", "account", "other_members", "recovered_on__from", "_row",
    )  # fmt: skip
    spoilt = deaths["died_on__to"].isna() | deaths["cancelled_on__from"].notna()
    deaths = deaths[~deaths["person__key"].isin(deaths.loc[spoilt, "person__key"])]
    last = deaths.groupby("person__key")["died_on__to"].max() + pd.offsets.MonthEnd(0)
    last = (last + pd.offsets.MonthEnd(1)).rename("last_month")
    grants = paid["scheme"].isin(["funeral", "bereavement"])
    others = paid["scheme"].eq("dibao") & ~(paid["other_members"] <= 0)
    paid = paid[~grants & ~others & paid["recovered_on__from"].isna()]
    paid = paid.merge(last, on="person__key")
    in_force = (paid["month__from"] >= "2014-05-01") | (
        (paid["month__from"] >= "1999-10-01") & (paid["month__to"] <= "2014-04-30")
    )
    paid = paid[in_force & (paid["month__from"] > paid["last_month"])]
    both = paid.merge(deaths, on="person__key", suffixes=("", "_d"))
    fits = _same_person(both, ["name__key"], ["name__key_d", "former_name__key"])
    one = both["name__key_d"].map(in_full).groupby(both["_row"]).nunique() < 2
    surely = fits.groupby(both["_row"]).all() & one
    both = both[both["_row"].map(surely)]
    seen = both.groupby(["person", "scheme"])
    red = (seen["month__from"].transform("nunique") >= 3) | (
        seen["account"].transform("nunique") >= 2
    )
    return _answer(
        both, {"per_1": "person", "per_2": "scheme"}, red, payment="_row", death="_row_d"
    )


def invoice_claimed_twice(files: Files) -> pd.DataFrame:
    claims = read(
        files, "expense_invoices", "code", "number", "amount", "face_amount", "claimed_on__from", "_row"
    ).dropna(subset="number")  # fmt: skip
    claims["code"] = claims["code"].fillna("")
    claims["taken"], claims["returned"] = (
        claims["amount"].clip(lower=0),
        claims["amount"].clip(upper=0),
    )
    claims["times"] = claims["amount"] > 0
    groups = claims.groupby(["number", "code"])
    known = (groups["amount"].transform("count") == groups["_row"].transform("count")) & (
        groups["face_amount"].transform("count") == groups["_row"].transform("count")
    )
    face = groups["face_amount"].transform("max")
    taken, returned = groups["taken"].transform("sum"), groups["returned"].transform("sum")
    twice = claims[
        known & (face == groups["face_amount"].transform("min")) & (groups["times"].transform("sum") >= 2)
        & (taken + returned > face) & (groups["claimed_on__from"].transform("max") >= "2000-07-01")
    ]  # fmt: skip
    return _answer(
        twice,
        {"per_1": "number", "per_2": "code"},
        pd.Series(data=True, index=twice.index),
        claim="_row",
    )


def _same_person(both: pd.DataFrame, left: Sequence[str], right: Sequence[str]) -> pd.Series:
    """The names agree, or one of them is absent, or a former name agrees."""
    if both.empty:
        return pd.Series(dtype=bool)
    verdicts = [
        may_be(row[left[0]], row[right[0]]) or any(was(row[a], row[b]) for a in left for b in right)
        for row in both[[*left, *right]].to_dict("records")
    ]
    return pd.Series(verdicts, index=both.index)


def _answer(
    rows: pd.DataFrame, per: Mapping[str, str], red: pd.Series, **facts: str
) -> pd.DataFrame:
    columns = {name: rows[column] for name, column in per.items()}
    level = red.map({True: "red", False: "yellow"}).astype(str)
    return pd.DataFrame(
        {**columns, "level": level, **{f: rows[column] for f, column in facts.items()}}
    )


# -- Polars --------------------------------------------------------------------------------------


def scan(files: Files, dataset: str) -> pl.LazyFrame:
    return pl.concat([pl.scan_parquet(path) for path in files[dataset]], how="diagonal")


def pension_in_custody_polars(files: Files) -> pl.DataFrame:
    inside = pl.col("kind").is_in(["prison", "detention", "short_term"])
    custody = (
        scan(files, "custody")
        .filter(
            pl.col("final"), pl.col("acquitted_on__from").is_null(),
            pl.col("started_on__to") <= pl.col("ended_on__from"),
        )
        .select(
            "person__key", "kind", "started_on__to", "ended_on__from", "released_on__from",
            custody="_row", names=pl.struct(pl.col("name__key").alias("now"), "former_name__key"),
        )
    )  # fmt: skip
    both = (
        scan(files, "pensions")
        .filter(pl.col("amount") > 0, pl.col("month__from") >= date(2001, 3, 8))
        .select(
            "person",
            "person__key",
            "name__key",
            "month__from",
            "month__to",
            "adjusted",
            pension="_row",
        )
        .join(custody, on="person__key")
        .filter(
            pl.col("started_on__to") <= pl.col("month__to"),
            pl.col("month__from") <= pl.col("ended_on__from"),
            pl.col("released_on__from").is_null()
            | (pl.col("month__from") <= pl.col("released_on__from")),
            inside | pl.col("adjusted"),
        )
        .collect()
    )
    fits = [
        may_be(name, names["now"]) or was(name, names["former_name__key"])
        for name, names in both.select("name__key", "names").iter_rows()
    ]
    both = both.filter(pl.Series(fits, dtype=pl.Boolean))
    red = inside.any().over("person")
    level = pl.when(red).then(pl.lit("red")).otherwise(pl.lit("yellow"))
    return both.select(per_1="person", level=level, pension="pension", custody="custody")


def benefit_after_death_polars(files: Files) -> pl.DataFrame:
    grants = pl.col("scheme").is_in(["funeral", "bereavement"])
    dead = (
        scan(files, "deaths")
        .filter(pl.col("person__key").is_not_null())
        .group_by("person__key")
        .agg(
            pl.col("died_on__to").max().dt.month_end().dt.offset_by("1mo").dt.month_end().alias("last_month"),
            pl.col("died_on__to").is_null().any().alias("unknown"),
            pl.col("cancelled_on__from").is_not_null().any().alias("cancelled"),
            pl.col("name__key").alias("names"), pl.col("former_name__key").alias("former"),
            pl.col("_row").alias("death"),
        )
        .filter(~pl.col("unknown") & ~pl.col("cancelled"))
    )  # fmt: skip
    both = (
        scan(files, "benefit_payments")
        .filter(
            ~grants, (pl.col("scheme") != "dibao") | (pl.col("other_members") <= 0),
            pl.col("recovered_on__from").is_null(),
            (pl.col("month__from") >= date(2014, 5, 1))
            | (pl.col("month__from") >= date(1999, 10, 1)) & (pl.col("month__to") <= date(2014, 4, 30)),
        )
        .select("person", "person__key", "name__key", "scheme", "month__from", "account", payment="_row")
        .join(dead, on="person__key")
        .filter(pl.col("month__from") > pl.col("last_month"))
        .collect()
    )  # fmt: skip
    fits = [
        len({in_full(each) for each in names} - {None}) <= 1
        and all(
            may_be(name, now) or was(name, then) for now, then in zip(names, former, strict=True)
        )
        for name, names, former in both.select("name__key", "names", "former").iter_rows()
    ]
    both = both.filter(pl.Series(fits, dtype=pl.Boolean))
    red = (pl.col("month__from").n_unique() >= 3) | (pl.col("account").drop_nulls().n_unique() >= 2)
    level = pl.when(red.over("person", "scheme")).then(pl.lit("red")).otherwise(pl.lit("yellow"))
    return both.select(
        per_1="person", per_2="scheme", level=level, payment="payment", death="death"
    ).explode("death")


Ask = Callable[[Files], "pd.DataFrame | pl.DataFrame"]

ASK: dict[str, dict[str, Ask]] = {
    "pandas": {
        "honour-despite-offence": honour_despite_offence,
        "benefit-after-death": benefit_after_death,
        "pension-in-custody": pension_in_custody,
        "invoice-claimed-twice": invoice_claimed_twice,
    },
    "polars": {
        "benefit-after-death": benefit_after_death_polars,
        "pension-in-custody": pension_in_custody_polars,
    },
}


def ask(library: str, model: str, files: Files) -> pa.Table:
    found = ASK[library][model](files)
    return (
        found.to_arrow()
        if isinstance(found, pl.DataFrame)
        else pa.Table.from_pandas(found, preserve_index=False)
    )


if __name__ == "__main__":
    request = json.load(sys.stdin)
    question = partial(ask, request["library"], request["model"])
    start = time.perf_counter()
    answer = question(request["files"])
    print(
        json.dumps(
            {"seconds": time.perf_counter() - start, "bytes": peak(), "rows": answer.num_rows}
        )
    )
