"""Polars, lazy: it reads the columns that it needs and plans the joins itself."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.contenders.cohort_shape import HORIZONS, KEY, LONGEST
from benchmarks.contenders.loaded import COLUMNS, taken
from benchmarks.processes import Stopwatch

_MICROSECONDS_PER_DAY = 86_400_000_000


def cohorts(watch: Stopwatch, folder: str, result: str) -> None:
    """marts.campaign_ltv from Parquet; money in whole millionths."""
    with watch.step("read and compute"):
        tables = ("customers", "transactions", "interactions", "sessions")
        table = _cohorts(*(pl.scan_parquet(Path(folder) / f"{name}.parquet") for name in tables))
        frame = table.collect()
    frame.write_parquet(result)


def _cohorts(
    customers: pl.LazyFrame,
    transactions: pl.LazyFrame,
    interactions: pl.LazyFrame,
    sessions: pl.LazyFrame,
) -> pl.LazyFrame:
    purchases = _aged(transactions, customers)
    signed = pl.when("is_refund").then(-pl.col("amount")).otherwise("amount")
    within = purchases.filter(pl.col("age") < LONGEST).with_columns(
        pl.coalesce(*(pl.when(pl.col("age") < n).then(n) for n in HORIZONS)).alias("step"),
        signed.alias("revenue"),
        pl.when("is_refund").then("amount").otherwise(0).alias("refunds"),
    )
    sums = within.group_by(*KEY, "step").agg(pl.col("revenue", "refunds").sum())
    first = within.filter(~pl.col("is_refund") & (pl.col("amount") > 0))
    first = first.group_by(*KEY, "customer_id").agg(pl.col("step").min())

    columns = [*KEY, "customer_id", "age"]
    touches = [_aged(events, customers) for events in (interactions, sessions)]
    active = pl.concat([events.select(columns) for events in (purchases, *touches)])
    active = active.filter(pl.col("age").is_in(HORIZONS)).unique()

    def over(name: str, value: pl.Expr) -> list[pl.Expr]:
        return [value.filter(pl.col("step") <= n).sum().alias(f"{name}_d{n}") for n in HORIZONS]

    table = customers.group_by(*KEY).agg(pl.len().alias("installs"))
    for part in (
        sums.group_by(*KEY).agg(
            *over("revenue", pl.col("revenue")), *over("refunds", pl.col("refunds"))
        ),
        first.group_by(*KEY).agg(
            (pl.col("step") <= n).sum().alias(f"payers_d{n}") for n in HORIZONS
        ),
        active.group_by(*KEY).agg(
            (pl.col("age") == n).sum().alias(f"retained_d{n}") for n in HORIZONS
        ),
    ):
        table = table.join(part, on=KEY, how="left")
    return table.fill_null(0).with_columns(pl.col(f"revenue_d{LONGEST}").alias("revenue_to_date"))


def _aged(events: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    """Events with cohort and age in days, from the install on."""
    since = pl.col("event_ts") - pl.col("install_ts")
    age = (since.dt.total_microseconds() // _MICROSECONDS_PER_DAY).alias("age")
    return events.join(customers, on="customer_id").with_columns(age).filter(pl.col("age") >= 0)


_TYPES = {
    "VARCHAR": pl.String(),
    "TIMESTAMP": pl.Datetime("us"),
    "DECIMAL(18,6)": pl.Decimal(18, 6),
    "BOOLEAN": pl.Int8(),  # Polars reads no 0 and 1 as Boolean
}


def ingest(watch: Stopwatch, file: str, target: str) -> Mapping[str, str]:
    """read_csv with types, then into a DuckDB table."""
    schema = {name: _TYPES[kind] for name, kind in COLUMNS.items()}
    with watch.step("load"):
        frame = pl.read_csv(file, schema=schema)
        frame = frame.with_columns(pl.col("is_refund").cast(pl.Boolean))
        with duckdb.connect(target) as connection:
            connection.register("frame", frame.to_arrow())
            connection.execute("CREATE TABLE transactions AS SELECT * FROM frame").fetchall()
    return taken(target)
