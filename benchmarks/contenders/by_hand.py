"""DuckDB by hand: the statements that one would write without the platform."""

from collections.abc import Mapping

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
