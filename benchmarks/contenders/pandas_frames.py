"""pandas, written as by someone who knows that joins and groups on numbers are faster."""

from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.contenders.cohort_shape import HORIZONS, KEY, LONGEST
from benchmarks.contenders.loaded import COLUMNS, taken
from benchmarks.processes import Stopwatch


def cohorts(watch: Stopwatch, folder: str, result: str) -> None:
    """marts.campaign_ltv from Parquet; money in whole millionths."""
    tables = ("customers", "transactions", "interactions", "sessions")
    with watch.step("read"):
        frames = {name: pd.read_parquet(Path(folder) / f"{name}.parquet") for name in tables}
    with watch.step("compute"):
        table = _cohorts(**frames)
    table.to_parquet(result, index=False)


def _cohorts(
    customers: pd.DataFrame,
    transactions: pd.DataFrame,
    interactions: pd.DataFrame,
    sessions: pd.DataFrame,
) -> pd.DataFrame:
    grouped = customers.groupby(list(KEY))
    table = grouped.size().reset_index(name="installs")
    people = pd.DataFrame(
        {
            "customer_id": customers["customer_id"],
            "install_ts": customers["install_ts"],
            "person": np.arange(len(customers), dtype=np.int32),
            "cohort": grouped.ngroup().astype(np.int32),
        }
    )
    purchases = _aged(transactions, people)
    within = purchases[purchases["age"] < LONGEST]
    # Each event falls into the first horizon that holds it; later horizons add up.
    within = within.assign(
        step=np.searchsorted(np.array(HORIZONS), within["age"].to_numpy(), side="right"),
        revenue=within["amount"].where(~within["is_refund"], -within["amount"]),
        refunds=within["amount"].where(within["is_refund"], 0),
    )
    sums = within.groupby(["cohort", "step"])[["revenue", "refunds"]].sum()

    paid = within[~within["is_refund"] & (within["amount"] > 0)]
    first = paid.groupby(["cohort", "person"])["step"].min()
    payers = first.reset_index().groupby(["cohort", "step"]).size()

    columns = ["cohort", "person", "age"]
    active = pd.concat(
        [purchases[columns], _aged(interactions, people)[columns], _aged(sessions, people)[columns]]
    )
    active = active[active["age"].isin(HORIZONS)].drop_duplicates()
    retained = active.groupby(["cohort", "age"]).size()

    steps, cohorts = range(len(HORIZONS)), table.index
    for name, counted in (("payers", payers), *((c, sums[c]) for c in ("revenue", "refunds"))):
        wide = counted.unstack(fill_value=0).reindex(index=cohorts, columns=steps, fill_value=0)
        wide = wide.cumsum(axis="columns")
        table[[f"{name}_d{n}" for n in HORIZONS]] = wide.to_numpy()
    wide = retained.unstack(fill_value=0).reindex(index=cohorts, columns=HORIZONS, fill_value=0)
    table[[f"retained_d{n}" for n in HORIZONS]] = wide.to_numpy()
    table["revenue_to_date"] = table[f"revenue_d{LONGEST}"]
    return table


def _aged(events: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Events with cohort, person and age in days, from the install on."""
    joined = events.merge(people, on="customer_id")
    age = (joined["event_ts"] - joined["install_ts"]).dt.days
    return joined.assign(age=age)[age >= 0]


_ARROW_TYPES = {
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
    "DECIMAL(18,6)": pa.decimal128(18, 6),
    "BOOLEAN": pa.bool_(),
}


def ingest(watch: Stopwatch, file: str, target: str) -> Mapping[str, str]:
    """read_csv with types by the Arrow reader, then into a DuckDB table."""
    types = {name: pd.ArrowDtype(_ARROW_TYPES[kind]) for name, kind in COLUMNS.items()}
    with watch.step("load"):
        frame = pd.read_csv(file, engine="pyarrow", dtype=types)
        with duckdb.connect(target) as connection:
            connection.register("frame", frame)
            connection.execute("CREATE TABLE transactions AS SELECT * FROM frame").fetchall()
    return taken(target)
