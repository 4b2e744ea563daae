"""The sixteen criteria of `bench.cohort` written by hand for Polars and for pandas.

Each returns the same five sums: people, eligible people, failed masks, unknown masks, first reasons.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

Sums = tuple[int, int, int, int, int]


def polars_lazy(path: Path) -> Sums:
    """Polars' lazy frame with its streaming engine."""
    c = pl.col

    def points(name: str, low: float, high: float, *, falling: bool = False) -> pl.Expr:
        one, three = (c(name) > high, c(name) < low) if falling else (c(name) < low, c(name) > high)
        known = pl.when(one).then(1).when(three).then(3).otherwise(2)
        return pl.when(c(name).is_null()).then(None).otherwise(known)

    child = (
        points("bilirubin", 2, 3)
        + points("albumin", 2.8, 3.5, falling=True)
        + points("inr", 1.7, 2.3)
        + c("ascites_points")
        + c("encephalopathy_points")
    )
    limit = pl.when(c("sex") == "F").then(15.78).when(c("sex") == "M").then(23.67)
    passes = [
        (c("age") >= 18) & (c("age") <= 75),
        c("cirrhosis"),
        ~c("viral"),
        child >= 7,
        ~c("cardiovascular"),
        ~c("hcc"),
        ~(c("malignancy") & (c("malignancy_date") >= c("screening_date").dt.offset_by("-60mo"))),
        ~((c("screening_date") - c("infection_date")).dt.total_days() <= 30),
        ~((c("sex") == "F") & c("pregnant")),
        ~(c("steroid_dose") > 10),
        ~(100 * (c("weight_before") - c("weight")) > 5 * c("weight_before")),
        ~c("bariatric"),
        c("diabetes") != "type_1",
        ~((c("alcohol_grams") > limit) & c("alcohol_plan")),
        ~((c("systolic") >= 140) | (c("diastolic") >= 90)),
        ~(c("experimental_date") >= c("screening_date").dt.offset_by("-6mo")),
    ]
    failed = sum(((~p).fill_null(value=False).cast(pl.Int64) * 2**i for i, p in enumerate(passes)), pl.lit(0))
    unknown = sum((p.is_null().cast(pl.Int64) * 2**i for i, p in enumerate(passes)), pl.lit(0))
    first = pl.lit(0)
    for test in (pl.Expr.is_null, lambda p: (~p).fill_null(value=False)):
        for i in reversed(range(len(passes))):
            first = pl.when(test(passes[i])).then(i + 1).otherwise(first)
    frame = (
        pl.scan_parquet(path)
        .select(failed.alias("f"), unknown.alias("u"), first.alias("r"))
        .select(
            pl.len(),
            ((c("f") == 0) & (c("u") == 0)).sum().alias("e"),
            c("f").sum().alias("sf"),
            c("u").sum().alias("su"),
            c("r").cast(pl.Int64).sum().alias("sr"),
        )
        .collect(engine="streaming")
    )
    return tuple(int(x) for x in frame.row(0))  # type: ignore[return-value]


def pandas_plain(path: Path) -> Sums:
    """A plain pandas script with nullable types, the way a data manager would write it."""
    d = pd.read_parquet(path, dtype_backend="numpy_nullable")
    n = len(d)

    def points(name: str, low: float, high: float, *, falling: bool = False) -> pd.Series:
        x = d[name]
        one, three = (x > high, x < low) if falling else (x < low, x > high)
        known = np.where(one.fillna(False), 1, np.where(three.fillna(False), 3, 2))
        return pd.Series(known, dtype="Int64").mask(x.isna())

    child = (
        points("bilirubin", 2, 3)
        + points("albumin", 2.8, 3.5, falling=True)
        + points("inr", 1.7, 2.3)
        + d["ascites_points"]
        + d["encephalopathy_points"]
    )
    limit = pd.Series(np.where(d["sex"].eq("F").fillna(False), 15.78, 23.67), dtype="Float64").mask(
        d["sex"].isna()
    )
    screening = pd.to_datetime(d["screening_date"])

    def on_or_after(name: str, months: int) -> pd.Series:
        day = pd.to_datetime(d[name])
        return (day >= screening - pd.DateOffset(months=months)).astype("boolean").mask(day.isna())

    gap = (screening - pd.to_datetime(d["infection_date"])).dt.days
    recent = (gap <= 30).astype("boolean").mask(gap.isna())
    passes = [
        (d["age"] >= 18) & (d["age"] <= 75),
        d["cirrhosis"],
        ~d["viral"],
        child >= 7,
        ~d["cardiovascular"],
        ~d["hcc"],
        ~(d["malignancy"] & on_or_after("malignancy_date", 60)),
        ~recent,
        ~((d["sex"] == "F") & d["pregnant"]),
        ~(d["steroid_dose"] > 10),
        ~(100 * (d["weight_before"] - d["weight"]) > 5 * d["weight_before"]),
        ~d["bariatric"],
        d["diabetes"] != "type_1",
        ~((d["alcohol_grams"] > limit) & d["alcohol_plan"]),
        ~((d["systolic"] >= 140) | (d["diastolic"] >= 90)),
        ~on_or_after("experimental_date", 6),
    ]
    failed, unknown, first = (np.zeros(n, dtype=np.int64) for _ in range(3))
    for i in reversed(range(len(passes))):
        lacks = passes[i].isna().to_numpy(dtype=bool)
        unknown += lacks.astype(np.int64) << i
        first = np.where(lacks, i + 1, first)
    for i in reversed(range(len(passes))):
        fails = (~passes[i]).fillna(False).to_numpy(dtype=bool)
        failed += fails.astype(np.int64) << i
        first = np.where(fails, i + 1, first)
    eligible = int(((failed == 0) & (unknown == 0)).sum())
    return n, eligible, int(failed.sum()), int(unknown.sum()), int(first.sum())
