"""DuckDB by hand: the statements that one would write without the platform."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from benchmarks.contenders.cohort_shape import HORIZONS, LONGEST
from benchmarks.contenders.loaded import COLUMNS, taken
from benchmarks.processes import Stopwatch
from ltv_platform.contracts.ddl import literal

_COHORT = "install_date, campaign_id, country"
_STEPS = "CASE " + " ".join(f"WHEN age < {n} THEN {n}" for n in HORIZONS) + " END"
_BITS = "CASE age " + " ".join(f"WHEN {n} THEN {2**i}" for i, n in enumerate(HORIZONS)) + " END"
_EVERY_HORIZON = list(enumerate(HORIZONS))


def _columns(template: str) -> str:
    return ",\n".join(template.format(n=n, bit=2**i) for i, n in _EVERY_HORIZON)


#: marts.campaign_ltv in one statement that reads each event once: no window is cut, no contract
#: compared, nothing recorded.
COHORTS = f"""
CREATE OR REPLACE TABLE by_hand AS
WITH events AS (
  SELECT customer_id, event_ts, amount, is_refund FROM core.transactions
  UNION ALL SELECT customer_id, event_ts, NULL, NULL FROM core.interactions
  UNION ALL SELECT user_id, event_ts, NULL, NULL FROM core.sessions
),
aged AS (
  SELECT customer_id, {_COHORT}, amount, is_refund,
    CAST(DATE_DIFF('microsecond', install_ts, event_ts) // 86400000000 AS SMALLINT) AS age
  FROM events JOIN core.customers USING (customer_id)
  WHERE event_ts >= install_ts AND event_ts < install_ts + INTERVAL {LONGEST + 1} DAY
),
steps AS (
  SELECT {_COHORT}, {_STEPS} AS step,
    SUM(CASE WHEN is_refund THEN -amount ELSE amount END) AS revenue,
    SUM(amount) FILTER (is_refund) AS refunds
  FROM aged
  WHERE amount IS NOT NULL
  GROUP BY ALL
),
revenue AS (
  SELECT {_COHORT},
  {_columns("SUM(revenue) FILTER (step <= {n}) AS revenue_d{n}")},
  {_columns("SUM(refunds) FILTER (step <= {n}) AS refunds_d{n}")}
  FROM steps
  GROUP BY ALL
),
people AS (
  SELECT customer_id, MIN(age) FILTER (NOT is_refund AND amount > 0) AS first_payment,
    BIT_OR({_BITS}) AS active_days
  FROM aged
  GROUP BY customer_id
),
counts AS (
  SELECT {_COHORT}, COUNT(*) AS installs,
  {_columns("COUNT(*) FILTER (first_payment < {n}) AS payers_d{n}")},
  {_columns("COUNT(*) FILTER (active_days & {bit} > 0) AS retained_d{n}")}
  FROM core.customers LEFT JOIN people USING (customer_id)
  GROUP BY ALL
)
SELECT {_COHORT}, installs,
{
    _columns(
        "payers_d{n}, CAST(COALESCE(revenue_d{n}, 0) AS DECIMAL(18,6)) AS revenue_d{n}, "
        "CAST(COALESCE(refunds_d{n}, 0) AS DECIMAL(18,6)) AS refunds_d{n}, retained_d{n}"
    )
},
CAST(COALESCE(revenue_d{LONGEST}, 0) AS DECIMAL(18,6)) AS revenue_to_date
FROM counts LEFT JOIN revenue USING ({_COHORT})
"""


def cohorts(watch: Stopwatch, warehouse: str, result: str) -> None:
    """The statement, in the warehouse's own file."""
    with duckdb.connect(warehouse) as connection:
        connection.execute("SET timezone = 'UTC'")
        with watch.step("write"):
            connection.execute(COHORTS).fetchall()
        connection.execute(f"COPY by_hand TO {literal(result)} (FORMAT parquet)").fetchall()
        connection.execute("DROP TABLE by_hand")


def ingest(watch: Stopwatch, file: str, target: str) -> Mapping[str, str]:
    """The floor: a file read with its types straight into a table, nothing looked at."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    with watch.step("load"), duckdb.connect(target) as connection:
        connection.execute(
            f"CREATE TABLE transactions AS SELECT * FROM read_csv({literal(file)}, header = true, "
            f"auto_detect = false, delim = ',', quote = '\"', columns = {{{types}}})"
        ).fetchall()
    return taken(target)


#: Installs and net revenue of the longest horizon in one figure each, from the rows as they
#: came: the newest version of each transaction, in base currency by the rate of its day.
_TOTALS = """
WITH newest AS (
  SELECT * FROM {transactions}
  WHERE updated_at > transaction_date OR transaction_id NOT IN (
    SELECT transaction_id FROM {transactions} WHERE updated_at > transaction_date)
),
revenue AS (
  SELECT SUM(CASE WHEN is_refund THEN -1 ELSE 1 END * CAST(CASE WHEN newest.currency IS NULL
    THEN amount ELSE amount * rate END AS DECIMAL(18,6))) AS revenue
  FROM newest
  JOIN {customers} AS customers USING (customer_id)
  LEFT JOIN {rates} AS rates ON rates.date = CAST(transaction_date AS DATE)
    AND rates.currency = newest.currency
  WHERE transaction_date >= registration_date
    AND transaction_date < registration_date + INTERVAL {longest} DAY
)
SELECT CAST((SELECT COUNT(*) FROM {customers}) AS VARCHAR), CAST(revenue AS VARCHAR) FROM revenue
"""


def totals_of_log(_: Stopwatch, warehouse: str, longest: int = LONGEST) -> Mapping[str, list[str]]:
    """Installs and revenue from the raw log."""
    with duckdb.connect(warehouse) as connection:
        sql = _TOTALS.format(
            transactions="raw.transactions",
            customers="raw.customers",
            rates="raw.fx_rates",
            longest=longest,
        )
        [row] = connection.execute(sql).fetchall()
    return {"totals": list(row)}


def totals_of_files(_: Stopwatch, folder: str) -> Mapping[str, list[str]]:
    """Installs and revenue from CSV files, each read once."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    files = {
        name: f"read_csv({literal(str(Path(folder) / f'{name}.csv'))}, header = true"
        for name in ("transactions", "customers", "fx_rates")
    }
    tables = {
        "transactions": f"{files['transactions']}, auto_detect = false, columns = {{{types}}})",
        "customers": f"{files['customers']})",
        "rates": f"{files['fx_rates']}, types = {{'rate': 'DECIMAL(18,8)'}})",
    }
    with duckdb.connect(config={"temp_directory": folder}) as connection:
        for name, relation in tables.items():
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {relation}").fetchall()
        names = {name: name for name in tables}
        [row] = connection.execute(_TOTALS.format(**names, longest=LONGEST)).fetchall()
    return {"totals": list(row)}
