"""Customer tables of synthetic shops: the platform's SELECTs and fits, bare statements, lifetimes.

The core tables are made here, because history and ingestion have benchmarks of their own. Two
customers in three buy, at a rate of their own until they stop, as the forecast models assume.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import numpy as np

from benchmarks.processes import ContenderError, Stopwatch

#: Days of the history; the last one is as_of.
_DAYS = 730
_AS_OF = "DATE '2024-12-30'"
_WATERMARK = "TIMESTAMP '2024-12-31'"
#: BG/NBD parameters that make some ten purchases a customer: rates per day, drop-out per purchase.
_R, _ALPHA, _A, _B = 1.0, 12.0, 0.8, 9.0

_CORE = """
CREATE SCHEMA core;
CREATE SCHEMA raw;
CREATE SCHEMA marts;
CREATE TABLE core.customers AS
SELECT
  'c' || LPAD(CAST(id AS VARCHAR), 9, '0') AS customer_id,
  TIMESTAMP '2023-01-01' + TO_SECONDS(CAST(FLOOR(86400 * installed) AS BIGINT)) AS install_ts,
  CAST(TIMESTAMP '2023-01-01' + TO_SECONDS(CAST(FLOOR(86400 * installed) AS BIGINT)) AS DATE)
    AS install_date,
  '(organic)' AS campaign_id,
  ['US', 'GB', 'DE', 'FR', 'BR'][1 + CAST(HASH(id, 'country') % 5 AS INTEGER)] AS country,
  'City ' || HASH(id, 'city') % 50 AS city,
  CAST(18 + HASH(id, 'age') % 50 AS INTEGER) AS age,
  ['female', 'male'][1 + CAST(HASH(id, 'gender') % 2 AS INTEGER)] AS gender,
  ['organic', 'ads', 'friends'][1 + CAST(HASH(id, 'source') % 3 AS INTEGER)] AS acquisition_source,
  ['basic', 'plus'][1 + CAST(HASH(id, 'segment') % 2 AS INTEGER)] AS segment,
  HASH(id, 'active') % 2 = 0 AS is_active,
  'web' AS platform
FROM customers
ORDER BY install_date, id;
CREATE TABLE core.transactions AS
SELECT
  't' || LPAD(CAST(ROW_NUMBER() OVER (ORDER BY day, id) AS VARCHAR), 9, '0') AS transaction_id,
  'c' || LPAD(CAST(id AS VARCHAR), 9, '0') AS customer_id,
  TIMESTAMP '2023-01-01' + TO_SECONDS(CAST(FLOOR(86400 * day) AS BIGINT)) AS event_ts,
  CAST(TIMESTAMP '2023-01-01' + TO_SECONDS(CAST(FLOOR(86400 * day) AS BIGINT)) AS DATE)
    AS event_date,
  CAST(HASH(id, day) % 10000 / 100.0 AS DECIMAL(18,6)) AS amount,
  HASH(id, day, 'refund') % 50 = 0 AS is_refund,
  'o' || CAST(HASH(id, FLOOR(day)) AS VARCHAR) AS order_id,
  ['coins', 'skins', 'boosts'][1 + CAST(HASH(id, day, 'p') % 3 AS INTEGER)] AS product_category,
  'purchase' AS transaction_type,
  ['card', 'paypal'][1 + CAST(HASH(id, day, 'm') % 2 AS INTEGER)] AS payment_method
FROM purchases
ORDER BY event_date, transaction_id;
CREATE TABLE core.interactions AS
SELECT
  'i' || transaction_id AS interaction_id, customer_id, event_ts, event_date,
  'app_open' AS interaction_type, 'app' AS channel, 60 AS duration_seconds,
  CAST(1 + HASH(transaction_id) % 5 AS INTEGER) AS satisfaction_score
FROM core.transactions
WHERE HASH(transaction_id, 'i') % 5 = 0;
CREATE TABLE core.sessions AS
SELECT
  's' || transaction_id AS session_id, customer_id AS user_id, event_ts, event_date
FROM core.transactions
WHERE HASH(transaction_id, 's') % 5 = 0;
"""

_BY_CUSTOMER = (
    "SELECT customer_id, MAX(event_date), COUNT(DISTINCT order_id), SUM(amount) "
    "FROM core.transactions{} GROUP BY customer_id"
)
_BY_HISTORY = (
    "SELECT repeat_days, span_days, age_days, COUNT(*) FROM marts.purchase_histories GROUP BY ALL"
)
#: Columns with levels that may influence what a customer brings.
_LEVELS = (
    "country",
    "city",
    "age",
    "gender",
    "acquisition_source",
    "segment",
    "is_active",
    "product_category",
    "payment_method",
    "interaction_type",
    "channel",
)
#: The group-by or join that each table cannot do without, written out.
BARE: Mapping[str, str] = {
    "marts.customer_ltv": (
        "SELECT c.customer_id, t.* EXCLUDE (customer_id) FROM core.customers AS c LEFT JOIN ("
        "SELECT customer_id, COUNT(*), COUNT(DISTINCT order_id), SUM(amount), MIN(event_ts), "
        "MAX(event_ts) FROM core.transactions GROUP BY customer_id) AS t USING (customer_id)"
    ),
    "marts.customer_cohort_sums": (
        "SELECT DATE_TRUNC('month', install_date), country, segment, acquisition_source, "
        "(event_date - install_date) // 30, SUM(amount), COUNT(DISTINCT customer_id) "
        "FROM core.customers JOIN core.transactions USING (customer_id) GROUP BY ALL"
    ),
    "marts.customer_cohort_curve": (
        "SELECT cohort_month, age_month, SUM(revenue), SUM(purchasing_customers) "
        "FROM marts.customer_cohort_sums GROUP BY ALL"
    ),
    "marts.ltv_by_cohort": (
        "SELECT DATE_TRUNC('month', registration_date), COUNT(*), SUM(ltv), MEDIAN(ltv) "
        "FROM marts.customer_ltv GROUP BY ALL"
    ),
    "marts.customer_retention_sums": (
        "SELECT DATE_TRUNC('month', install_date), country, segment, acquisition_source, month, "
        "COUNT(DISTINCT customer_id) "
        "FROM core.customers JOIN (SELECT customer_id, DATE_TRUNC('month', event_date) AS month "
        "FROM core.transactions UNION ALL SELECT customer_id, DATE_TRUNC('month', event_date) "
        "FROM core.interactions UNION ALL SELECT user_id, DATE_TRUNC('month', event_date) "
        "FROM core.sessions) AS events USING (customer_id) GROUP BY ALL"
    ),
    "marts.customer_retention": (
        "SELECT cohort_month, activity, months_since_registration, SUM(active_customers) "
        "FROM marts.customer_retention_sums GROUP BY ALL"
    ),
    "marts.rfm_segments": _BY_CUSTOMER.format(""),
    "marts.rfm_migration": _BY_CUSTOMER.format(f" WHERE event_date <= {_AS_OF} - 90"),
    # Mature customers with what they bought and did, grouped by each level. It neither ranks the
    # levels of a customer nor counts patterns of them.
    "marts.ltv_influencing_factors": (
        f"WITH mature AS (SELECT * FROM core.customers WHERE install_date <= {_AS_OF} - 180) "
        f"SELECT {', '.join(_LEVELS)}, COUNT(*), SUM(amount), MEDIAN(amount) FROM mature "
        "LEFT JOIN (SELECT customer_id, MAX(product_category) AS product_category, "
        "MAX(payment_method) AS payment_method, SUM(amount) AS amount "
        "FROM core.transactions JOIN mature USING (customer_id) "
        "WHERE event_ts < install_ts + INTERVAL '180 days' GROUP BY customer_id) AS bought "
        "USING (customer_id) LEFT JOIN (SELECT customer_id, "
        "MAX(interaction_type) AS interaction_type, MAX(channel) AS channel "
        "FROM core.interactions JOIN mature USING (customer_id) "
        "WHERE event_ts < install_ts + INTERVAL '30 days' GROUP BY customer_id) AS did "
        "USING (customer_id) "
        f"GROUP BY GROUPING SETS ({', '.join(f'({level})' for level in _LEVELS)}, ())"
    ),
    "marts.purchase_histories": (
        "SELECT customer_id, event_date, SUM(amount) FROM core.transactions GROUP BY ALL"
    ),
    "marts.forecast_models": _BY_HISTORY,
    "marts.purchase_forecasts": _BY_HISTORY,
    "marts.ltv_forecast": (
        "SELECT c.*, h.* EXCLUDE (customer_id) FROM marts.customer_ltv AS c "
        "LEFT JOIN marts.purchase_histories AS h USING (customer_id)"
    ),
    "marts.forecast_backtest": (
        f"SELECT ago, customer_id, event_date, SUM(amount) FROM core.transactions "
        f"JOIN (SELECT UNNEST([0, 90, 180, 270, 360]) AS ago) AS origins "
        f"ON event_date <= {_AS_OF} - CAST(ago AS INTEGER) GROUP BY ALL"
    ),
}


def make(_: Stopwatch, file: str, histories: str, customers: int) -> Mapping[str, int]:
    """A DuckDB file with core tables, and what the models are fitted to as Parquet."""
    chance = np.random.default_rng(1)
    installed = np.sort(chance.uniform(0, _DAYS, customers))
    rate = chance.gamma(_R, 1 / _ALPHA, customers)
    dropout = chance.beta(_A, _B, customers)
    day, alive = installed.copy(), chance.random(customers) < 2 / 3
    ids, days = [], []
    while (alive := alive & (day < _DAYS)).any():
        ids.append(np.flatnonzero(alive))
        days.append(day[alive])
        # The first purchase makes the customer; nobody drops out by it (BG/NBD).
        alive &= (day == installed) | (chance.random(customers) >= dropout)
        day = day + chance.exponential(1, customers) / rate
    arrays = {
        "customers": {"id": np.arange(customers), "installed": installed},
        "purchases": {"id": np.concatenate(ids), "day": np.concatenate(days)},
    }
    import pyarrow as pa  # noqa: PLC0415

    from ltv_platform.contracts.core import WAITING_FOR_RATE  # noqa: PLC0415
    from ltv_platform.contracts.ddl import create_table  # noqa: PLC0415

    with duckdb.connect(file) as connection:
        for name, columns in arrays.items():
            connection.register(name, pa.table(columns))
        connection.execute(_CORE).fetchall()
        # Nothing waits for a rate here, but the tables look.
        connection.execute(create_table(WAITING_FOR_RATE)).fetchall()
        _create(connection, "marts.purchase_histories", _select("marts.purchase_histories"))
        connection.execute(
            f"COPY (SELECT repeat_days, span_days, age_days, COUNT(*) AS customers "
            f"FROM marts.purchase_histories WHERE repeat_days IS NOT NULL GROUP BY ALL "
            f"ORDER BY ALL) TO '{histories}' (FORMAT parquet)"
        ).fetchall()
        return {
            name: connection.execute(f"SELECT COUNT(*) FROM core.{name}").fetchall()[0][0]
            for name in ("customers", "transactions", "interactions", "sessions")
        }


def _transform(table: str) -> Any:
    from ltv_platform.assets import build_graph  # noqa: PLC0415
    from ltv_platform.settings import Settings  # noqa: PLC0415

    return build_graph(Settings())[table]


def _select(table: str) -> str:
    sql: str = _transform(table).sql
    sql = sql.replace("$as_of", _AS_OF).replace("$revenue_watermark", _WATERMARK)
    # Interactions and sessions are known to the end of the last day, too.
    for feed in ("interaction", "session"):
        sql = sql.replace(f"${feed}_watermark", f"{_AS_OF} + 1")
    return sql


def _create(connection: duckdb.DuckDBPyConnection, table: str, select: str) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS {select}").fetchall()


def platform(
    watch: Stopwatch, file: str, tables: Iterable[str], memory_limit: str
) -> Mapping[str, Any]:
    """The platform's tables, written whole one after the other."""
    with duckdb.connect(file, config={"memory_limit": memory_limit}) as connection:
        connection.execute("SET timezone = 'UTC'")
        for table in tables:
            fit = _transform(table).derivation.fit
            with watch.step(table):
                if fit is None:
                    _create(connection, table, _select(table))
                else:
                    rows = fit(connection.sql(_select(table)).to_arrow_table())
                    connection.register("fitted", rows)
                    _create(connection, table, "SELECT * FROM fitted")
        [(ltv, scored, expected)] = connection.execute(
            "SELECT (SELECT SUM(ltv) FROM marts.customer_ltv), "
            "(SELECT COUNT(*) FROM marts.rfm_segments), "
            "(SELECT COUNT(*) FROM marts.ltv_forecast)"
        ).fetchall()
        [(net, customers)] = connection.execute(
            "SELECT (SELECT SUM(CASE WHEN is_refund THEN -amount ELSE amount END) "
            "FROM core.transactions), (SELECT COUNT(*) FROM core.customers)"
        ).fetchall()
    if (ltv, scored, expected) != (net, customers, customers):
        raise ContenderError(f"{ltv}, {scored}, {expected} is not {net} of {customers} customers")
    return {"ltv": float(ltv)}


def bare(
    watch: Stopwatch, file: str, tables: Iterable[str], memory_limit: str
) -> Mapping[str, Any]:
    """The statement of each table that nothing can do without, written out."""
    with duckdb.connect(file, config={"memory_limit": memory_limit}) as connection:
        for table in tables:
            with watch.step(table):
                _create(connection, "bare", BARE[table])
        connection.execute("DROP TABLE bare").fetchall()
    return {}


def fit_ours(watch: Stopwatch, histories: str) -> Mapping[str, Any]:
    """BG/NBD on counted histories."""
    from ltv_platform.forecasting.repeat_buying.buy_till_you_die import fit_bg_nbd  # noqa: PLC0415
    from ltv_platform.forecasting.repeat_buying.tables import histories_of  # noqa: PLC0415

    groups = _read(histories)
    with watch.step("fit"):
        fit = fit_bg_nbd(histories_of(groups))
    return {"parameters": dict(fit.parameters), "groups": groups.num_rows}


def fit_lifetimes(watch: Stopwatch, histories: str) -> Mapping[str, Any]:
    """The same by lifetimes 0.11.3, which takes counted histories, too, as weights."""
    from lifetimes import BetaGeoFitter  # noqa: PLC0415

    groups = _read(histories)
    columns = [groups[name].to_numpy() for name in ("repeat_days", "span_days", "age_days")]
    weights = groups["customers"].to_numpy()
    with watch.step("fit"):
        fitter = BetaGeoFitter()
        fitter.fit(*columns, weights=weights)
    return {"parameters": fitter.params_.to_dict(), "groups": groups.num_rows}


def _read(histories: str) -> Any:
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.read_table(histories)
