"""The questions of `bench.scale` in pandas and Polars, as somebody asks them who knows both well.

Each reads only the columns it needs. Windows are worked out by whole columns: pandas' own rolling sums, one
group after the other, take minutes for a million people and miss payments of the same day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

Files = Mapping[str, Sequence[str]]  # dataset -> its Parquet files
KEY, ROW, ON = "person__key", "_row", "on__from"

# -- pandas --------------------------------------------------------------------------------------


def read(
    files: Files, dataset: str, *columns: str, where: ds.Expression | None = None
) -> pd.DataFrame:
    table = ds.dataset(list(files[dataset])).to_table(columns=list(columns), filter=where)
    return table.to_pandas(date_as_object=False, self_destruct=True)


def above(amount: int) -> ds.Expression:
    return ds.field("amount") > amount


def meet(files: Files) -> pd.DataFrame:
    pay = read(files, "payments", KEY, ON, "no", ROW, where=above(900))
    both = pay.merge(read(files, "penalties", KEY, ON, ROW), on=KEY, suffixes=("", "_penalty"))
    both = both[both["on__from_penalty"] < both[ON]]
    return both[["no", ROW, "_row_penalty"]].set_axis(["per_1", "row_pay", "row_penalty"], axis=1)


def lack(files: Files) -> pd.DataFrame:
    pay = read(files, "payments", KEY, ON, "no", ROW, where=above(990))
    first = read(files, "insurances", KEY, ON).groupby(KEY)[ON].min()
    since = pay[KEY].map(first)
    pay = pay[~(since <= pay[ON])]
    return pay[["no", ROW]].set_axis(["per_1", "row_pay"], axis=1)


def stranger(files: Files) -> pd.DataFrame:
    known = read(files, "persons", KEY)[KEY]
    pay = read(files, "payments", KEY, ROW)
    unknown = pay.loc[~pay[KEY].isin(known), KEY].unique()
    return _rows(files, unknown, "no")


def sum_(files: Files) -> pd.DataFrame:
    total = read(files, "payments", KEY, "amount").groupby(KEY, sort=False)["amount"].sum()
    return _rows(files, total.index[total > 9500], "person")


def window(files: Files) -> pd.DataFrame:
    pay = read(files, "payments", KEY, ON, "amount")
    day = pay[ON].to_numpy().astype("datetime64[D]").astype(np.int64)
    codes, keys = pd.factorize(pay[KEY])
    amount = pay["amount"].to_numpy()
    del pay
    place = codes * 100_000 + day  # people far apart, days side by side
    order = np.argsort(place, kind="stable")
    place, running = place[order], np.r_[0, amount[order].cumsum()]
    first = np.searchsorted(place, place - 30, "left")
    last = np.searchsorted(place, place, "right")
    ends = np.unique(place[running[last] - running[first] > 2800])
    much = pd.DataFrame({KEY: keys[ends // 100_000], "until": ends % 100_000})
    rows = read(
        files, "payments", KEY, ON, "person", ROW, where=ds.field(KEY).isin(pa.array(much[KEY]))
    ).merge(much, on=KEY)
    day = rows[ON].to_numpy().astype("datetime64[D]").astype(np.int64)
    rows = rows[(day <= rows["until"]) & (day >= rows["until"] - 30)]
    return rows[["person", ROW]].set_axis(["per_1", "row_pay"], axis=1)


def overlap(files: Files) -> pd.DataFrame:
    insured = read(files, "insurances", KEY, ON, "until__from", ROW)
    penalties = read(files, "penalties", KEY, ON, "no", ROW)
    both = insured.merge(penalties, on=KEY, suffixes=("", "_penalty"))
    both = both[both["on__from_penalty"].between(both[ON], both["until__from"])]
    names = ["per_1", "row_insured", "row_penalty"]
    return both[["no", ROW, "_row_penalty"]].set_axis(names, axis=1)


def path(files: Files) -> pd.DataFrame:
    kin = read(files, "relatives", KEY, "other__key", ROW).merge(
        read(files, "penalties", KEY, ON, ROW), on=KEY, suffixes=("_relative", "_penalty")
    )
    pay = read(files, "payments", KEY, ON, "no", ROW, where=above(900))
    both = pay.merge(kin, left_on=KEY, right_on="other__key", suffixes=("", "_penalty"))
    both = both[both["on__from_penalty"] < both[ON]]
    names = ["per_1", "row_pay", "row_relative", "row_penalty"]
    return both[["no", ROW, "_row_relative", "_row_penalty"]].set_axis(names, axis=1)


def _rows(files: Files, keys: pd.Index | np.ndarray, per: str) -> pd.DataFrame:
    chosen = ds.field(KEY).isin(pa.array(keys, pa.int64()))
    rows = read(files, "payments", per, ROW, where=chosen)
    return rows[[per, ROW]].set_axis(["per_1", "row_pay"], axis=1)


# -- Polars --------------------------------------------------------------------------------------


def scan(files: Files, dataset: str) -> pl.LazyFrame:
    return pl.scan_parquet(list(files[dataset]))


def meet_polars(files: Files) -> pl.LazyFrame:
    return (
        scan(files, "payments").filter(pl.col("amount") > 900)
        .join(scan(files, "penalties").select(KEY, ON, ROW), on=KEY, suffix="_penalty")
        .filter(pl.col("on__from_penalty") < pl.col(ON))
        .select(per_1="no", row_pay=ROW, row_penalty="_row_penalty")
    )  # fmt: skip


def lack_polars(files: Files) -> pl.LazyFrame:
    first = scan(files, "insurances").group_by(KEY).agg(first=pl.col(ON).min())
    return (
        scan(files, "payments").filter(pl.col("amount") > 990)
        .join(first, on=KEY, how="left")
        .filter(~(pl.col("first") <= pl.col(ON)).fill_null(value=False))
        .select(per_1="no", row_pay=ROW)
    )  # fmt: skip


def stranger_polars(files: Files) -> pl.LazyFrame:
    pay, known = scan(files, "payments"), scan(files, "persons").select(KEY)
    return pay.join(known, on=KEY, how="anti").select(per_1="no", row_pay=ROW)


def sum_polars(files: Files) -> pl.LazyFrame:
    pay = scan(files, "payments")
    much = pay.group_by(KEY).agg(pl.col("amount").sum()).filter(pl.col("amount") > 9500)
    return pay.join(much.select(KEY), on=KEY, how="semi").select(per_1="person", row_pay=ROW)


def window_polars(files: Files) -> pl.LazyFrame:
    pay = scan(files, "payments")
    daily = pay.group_by(KEY, ON).agg(pl.col("amount").sum()).sort(KEY, ON)
    much = (
        daily.rolling(ON, period="31d", group_by=KEY).agg(pl.col("amount").sum())
        .filter(pl.col("amount") > 2800).select(KEY, until=ON)
    )  # fmt: skip
    return (
        pay.join(much, on=KEY)
        .filter((pl.col(ON) <= pl.col("until")) & (pl.col("until") - pl.col(ON) <= pl.duration(days=30)))
        .select(per_1="person", row_pay=ROW)
    )  # fmt: skip


def overlap_polars(files: Files) -> pl.LazyFrame:
    return (
        scan(files, "insurances").select(KEY, ON, "until__from", ROW)
        .join(scan(files, "penalties").select(KEY, ON, "no", ROW), on=KEY, suffix="_penalty")
        .filter(pl.col("on__from_penalty").is_between(pl.col(ON), pl.col("until__from")))
        .select(per_1="no", row_insured=ROW, row_penalty="_row_penalty")
    )  # fmt: skip


def path_polars(files: Files) -> pl.LazyFrame:
    kin = (
        scan(files, "relatives").select(KEY, "other__key", row_relative=ROW)
        .join(scan(files, "penalties").select(KEY, before=ON, row_penalty=ROW), on=KEY)
    )  # fmt: skip
    return (
        scan(files, "payments").filter(pl.col("amount") > 900)
        .join(kin, left_on=KEY, right_on="other__key")
        .filter(pl.col("before") < pl.col(ON))
        .select("row_relative", "row_penalty", per_1="no", row_pay=ROW)
    )  # fmt: skip


PANDAS: dict[str, Callable[[Files], pd.DataFrame]] = {
    "meet": meet, "lack": lack, "stranger": stranger, "sum": sum_, "window": window,
    "overlap": overlap, "path": path,
}  # fmt: skip
POLARS: dict[str, Callable[[Files], pl.LazyFrame]] = {
    "meet": meet_polars, "lack": lack_polars, "stranger": stranger_polars, "sum": sum_polars,
    "window": window_polars, "overlap": overlap_polars, "path": path_polars,
}  # fmt: skip


def ask(library: str, question: str, files: Files) -> pd.DataFrame | pl.DataFrame:
    if library == "pandas":
        return PANDAS[question](files)
    return POLARS[question](files).collect(engine="streaming")
