"""Attribution of synthetic journeys: the platform's SELECTs, pandas, ChannelAttribution."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from benchmarks.processes import ContenderError, Stopwatch

#: Models of the heuristics benchmark.
HEURISTICS = ("first", "last", "linear")
_CHANNELS = 20

#: Four sessions a journey on average, one to seven; half a session in ten shows engagement.
_JOURNEYS = f"""
CREATE SCHEMA marts;
CREATE SCHEMA core;
CREATE TABLE core.sessions AS
SELECT
  'session_' || LPAD(CAST(id * 10 + visit AS VARCHAR), 9, '0') AS session_id,
  'user_' || LPAD(CAST(id AS VARCHAR), 8, '0') AS user_id,
  'channel ' || LPAD(CAST(HASH(id, visit, 'c') % {_CHANNELS} AS VARCHAR), 2, '0') AS channel_name,
  CAST(event_ts AS DATE) AS event_date,
  event_ts,
  HASH(id, visit, 'h') % 10 < 3 AS holder_engagement,
  HASH(id, visit, 'e') % 10 < 3 AS closer_engagement,
  FALSE AS impression_interaction
FROM (
  SELECT
    id,
    visit,
    TIMESTAMP '2025-01-10' + TO_SECONDS(
      (id % 300) * 86400 + visit * 86400 + CAST(HASH(id, visit) % 86000 AS BIGINT)
    ) AS event_ts
  FROM (SELECT id, UNNEST(GENERATE_SERIES(1, 1 + CAST(HASH(id) % 7 AS BIGINT))) AS visit
        FROM RANGE({{journeys}}) AS ids (id)) AS visits
) AS sessions
ORDER BY event_date, HASH(session_id);
CREATE TABLE core.conversions AS
SELECT
  'conversion_' || LPAD(CAST(id AS VARCHAR), 8, '0') AS conv_id,
  'user_' || LPAD(CAST(id AS VARCHAR), 8, '0') AS user_id,
  CAST(event_ts AS DATE) AS event_date,
  event_ts,
  CAST(HASH(id, 'r') % 20000 / 100.0 AS DECIMAL(18,6)) AS revenue
FROM (
  SELECT id, TIMESTAMP '2025-01-19' + TO_SECONDS((id % 300) * 86400) AS event_ts
  FROM RANGE({{journeys}}) AS ids (id)
) AS conversions
ORDER BY event_date, HASH(conv_id);
"""


def make(_: Stopwatch, file: str, journeys: int) -> Mapping[str, int]:
    """A DuckDB file with sessions, conversions, journeys and local IHC scores."""
    with duckdb.connect(file) as connection:
        connection.execute(_JOURNEYS.format(journeys=journeys)).fetchall()
        _create(connection, "marts.customer_journeys")
        _create(connection, "marts.ihc_attribution")
        [(touches,)] = connection.execute("SELECT COUNT(*) FROM marts.customer_journeys").fetchall()
    return {"journeys": journeys, "touches": touches}


def _select(table: str) -> str:
    """The platform's SELECT of a table, over all days."""
    from ltv_platform.assets import build_graph  # noqa: PLC0415
    from ltv_platform.settings import Settings  # noqa: PLC0415

    sql = build_graph(Settings())[table].sql
    return sql.replace("$start", "DATE '2000-01-01'").replace("$end", "DATE '2100-01-01'")


def _create(connection: duckdb.DuckDBPyConnection, table: str, name: str = "") -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {name or table} AS {_select(table)}").fetchall()


def platform_heuristics(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """Channel totals from the SELECT of marts.attribution."""
    models = ", ".join(f"'{model}'" for model in HEURISTICS)
    sql = (
        f"SELECT model, channel_name, SUM(credit) FROM ({_select('marts.attribution')}) "
        f"WHERE model IN ({models}) GROUP BY ALL"
    )
    with duckdb.connect(file, read_only=True) as connection, watch.step("heuristics"):
        rows = connection.execute(sql).fetchall()
    return {"totals": _nested(rows)}


def platform_table(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """marts.attribution of all stored models, written."""
    with duckdb.connect(file) as connection:
        with watch.step("write"):
            _create(connection, "marts.attribution", "written")
        [(rows,)] = connection.execute("SELECT COUNT(*) FROM written").fetchall()
        connection.execute("DROP TABLE written").fetchall()
    return {"rows": rows}


def platform_markov_of_order_1(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """The removal effects that markov_path uses."""
    from ltv_platform.attribution.markov import chain, removal_effects  # noqa: PLC0415

    sql = _select("marts.markov_channels")
    with duckdb.connect(file, read_only=True) as connection, watch.step("count"):
        visits = connection.sql(sql).to_arrow_table()
    with watch.step("solve"):
        names = sorted(visits["channel_name"].unique().to_pylist())
        effects = removal_effects(chain(visits, names, order=1), order=1)
    assert effects is not None
    return {"totals": {"markov": dict(zip(names, effects.tolist(), strict=True))}}


def platform_markov(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """marts.markov_channels, the orders 1 to 3."""
    from ltv_platform.attribution.markov import markov_channels  # noqa: PLC0415

    sql = _select("marts.markov_channels")
    with duckdb.connect(file, read_only=True) as connection:
        with watch.step("count"):
            visits = connection.sql(sql).to_arrow_table()
        with watch.step("solve"):
            rows = markov_channels(visits).to_pylist()
    effects = {r["channel_name"]: r["removal_effect"] for r in rows if r["markov_order"] == 1}
    return {"totals": {"markov": effects}}


def platform_ihc(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """marts.ihc_attribution by the local engine."""
    sql = f"SELECT COUNT(*), SUM(ihc) FROM ({_select('marts.ihc_attribution')})"
    with duckdb.connect(file, read_only=True) as connection, watch.step("ihc"):
        [(rows, credit)] = connection.execute(sql).fetchall()
    return {"rows": rows, "credit": float(credit)}


def platform_join(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """marts.customer_journeys of a quarter of the conversions, with all sessions to look in."""
    with duckdb.connect(file) as connection:
        connection.execute(
            "CREATE TEMP TABLE quarter AS "
            "SELECT * FROM core.conversions WHERE HASH(conv_id) % 4 = 0"
        ).fetchall()
        sql = _select("marts.customer_journeys").replace("core.conversions", "quarter")
        with watch.step("join"):
            connection.execute(f"CREATE TEMP TABLE journeys AS {sql}").fetchall()
        [(rows,)] = connection.execute("SELECT COUNT(*) FROM journeys").fetchall()
    return {"rows": rows}


_TOUCHES = "SELECT conv_id, position, channel_name FROM marts.customer_journeys"


def pandas_models(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """First, last, linear, and Markov of order 1 by one solve, on a frame of touches."""
    import numpy as np  # noqa: PLC0415

    with duckdb.connect(file, read_only=True) as connection:
        touches = connection.execute(_TOUCHES).df()
    with watch.step("sort"):
        touches["channel_name"] = touches["channel_name"].astype("category")
        touches = touches.sort_values(["conv_id", "position"], ignore_index=True)
        conv = touches["conv_id"].to_numpy()
        starts = np.r_[True, conv[1:] != conv[:-1]]
        ends = np.r_[starts[1:], True]
    channel = touches["channel_name"].cat.codes.to_numpy().astype(np.int64)
    names = list(touches["channel_name"].cat.categories)
    size = len(names)
    with watch.step("heuristics"):
        lengths = np.diff(np.r_[np.flatnonzero(starts), len(starts)])
        totals = {
            "first": np.bincount(channel[starts], minlength=size),
            "last": np.bincount(channel[ends], minlength=size),
            "linear": np.bincount(channel, np.repeat(1 / lengths, lengths), minlength=size),
        }
    with watch.step("markov"):
        source = np.where(starts, 0, np.r_[0, channel[:-1] + 1])
        steps = np.bincount(source * (size + 1) + channel + 1, minlength=(size + 1) ** 2)
        steps = steps.reshape(size + 1, size + 1).astype(float)
        converting = np.r_[0, totals["last"]].astype(float)
        seen = steps.sum(axis=1) + converting
        whole = np.linalg.inv(np.eye(size + 1) - steps / seen[:, None])
        p = whole @ (converting / seen)
        effects = whole[0, 1:] * p[1:] / (np.diag(whole)[1:] * p[0])
    named = {model: dict(zip(names, map(float, v), strict=True)) for model, v in totals.items()}
    return {"totals": {**named, "markov": dict(zip(names, effects.tolist(), strict=True))}}


def channel_attribution(watch: Stopwatch, file: str) -> Mapping[str, Any]:
    """ChannelAttribution (GPL); its paths are text, built by DuckDB, and timed apart."""
    import ChannelAttribution  # noqa: PLC0415

    sql = (
        "SELECT path, COUNT(*) AS conversions FROM (SELECT STRING_AGG(channel_name, ' > ' ORDER BY "
        "position) AS path FROM marts.customer_journeys GROUP BY conv_id) AS paths GROUP BY path"
    )
    with duckdb.connect(file, read_only=True) as connection, watch.step("paths"):
        paths = connection.execute(sql).df()
    with watch.step("heuristics"):
        touches = ChannelAttribution.heuristic_models(
            paths, "path", "conversions", sep=">", flg_pro=False
        )
    with watch.step("markov"):
        # By default, walks are cut at the longest path, and effects come out too small.
        markov = ChannelAttribution.markov_model(
            paths,
            "path",
            "conversions",
            out_more=True,
            seed=1,
            ncore=2,
            conv_par=0.005,
            max_step=100_000,
            flg_pro=False,
            verbose=False,
        )
    columns = {"first": "first_touch", "last": "last_touch", "linear": "linear_touch"}
    totals = {
        model: dict(zip(touches["channel_name"], map(float, touches[column]), strict=True))
        for model, column in columns.items()
    }
    effects = markov["removal_effects"]
    named = dict(zip(effects["channel_name"], map(float, effects["removal_effect"]), strict=True))
    return {"totals": {**totals, "markov": named}}


def agree(facts: Mapping[str, Mapping[str, Any]], tolerances: Callable[[str, str], float]) -> None:
    """Compare the totals of the contenders, model by model and channel by channel.

    Raises:
        ContenderError: two differ by more than the tolerance of contender and model.
    """
    expected: dict[str, Mapping[str, float]] = {}
    for name, fact in facts.items():
        for model, totals in fact.get("totals", {}).items():
            first = expected.setdefault(model, totals)
            for channel in {*first, *totals}:
                mine, other = first.get(channel, 0.0), totals.get(channel, 0.0)
                if abs(mine - other) > tolerances(name, model) * max(1.0, abs(mine)):
                    raise ContenderError(f"{model} of {channel}: {name} says {other}, not {mine}")


def _nested(rows: list[tuple[str, str, Any]]) -> dict[str, dict[str, float]]:
    totals: dict[str, dict[str, float]] = {}
    for model, channel, credit in rows:
        totals.setdefault(model, {})[channel] = float(credit)
    return totals
