"""What limits a step: DuckDB's own times per operator, and times per statement of a load.

These runs are not among those that are timed, because watching costs a little.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import data
from benchmarks.contenders.by_hand import COHORTS
from benchmarks.homes import embedded, open_home
from benchmarks.processes import Stopwatch
from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.warehouse.duckdb.connection import open_warehouse
from ltv_platform.warehouse.duckdb.engine import DuckDBEngine

_CREATE = "CREATE OR REPLACE TEMP TABLE profiled AS "
#: What a person would call DuckDB's operators.
_KINDS = {
    "HASH_JOIN": "joins",
    "HASH_GROUP_BY": "groups",
    "PERFECT_HASH_GROUP_BY": "groups",
    "TABLE_SCAN": "reading tables",
    "SEQ_SCAN": "reading tables",
    "BATCH_CREATE_TABLE_AS": "writing",
    "CREATE_TABLE_AS": "writing",
    "FILTER": "filters and expressions",
    "PROJECTION": "filters and expressions",
    "CTE": "keeping what is read twice",
    "CTE_SCAN": "keeping what is read twice",
    "WINDOW": "windows",
}


def operators(_: Stopwatch, home: str, last: int) -> Mapping[str, Mapping[str, float]]:
    """Seconds of all cores per kind of operator, of the cohort table and of the one by hand."""
    workspace = open_home(home, last)
    engine = embedded(workspace)
    transform = workspace.graph["marts.campaign_ltv"]
    select = transform.select(engine.as_of(), data.START, data.day(last))
    with engine.session() as connection:
        return {
            "ltv-platform": _operators(connection, select.sql, select.parameters),
            "by hand": _operators(connection, COHORTS.partition(" AS\n")[2], {}),
        }


def _operators(
    connection: duckdb.DuckDBPyConnection, select: str, parameters: Mapping[str, Any]
) -> dict[str, float]:
    explained = connection.execute(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {_CREATE}{select}", dict(parameters)
    ).fetchall()
    seconds: dict[str, float] = {}
    for kind, timing in _walk(json.loads(explained[0][1])["operator"]):
        name = _KINDS.get(kind, "other")
        seconds[name] = seconds.get(name, 0.0) + timing
    return {name: seconds[name] for name in sorted(seconds, key=lambda name: -seconds[name])}


def _walk(operators: list[dict[str, Any]]) -> Iterator[tuple[str, float]]:
    for operator in operators:
        yield operator["type"].strip(), float(operator["timing"])
        yield from _walk(operator.get("children", []))


def statements(
    _: Stopwatch, file: str, home: str, last: int, log: str
) -> Mapping[str, Mapping[str, float]]:
    """Seconds per statement of a load of transactions onto a log, and outside of the engine."""
    shutil.copytree(log, home)
    workspace = open_home(home, last)
    seconds: dict[str, float] = {}

    @contextmanager
    def watched() -> Iterator[Any]:
        with open_warehouse(workspace.settings) as connection:
            yield _Watched(connection, seconds)

    engine = DuckDBEngine(workspace.settings, workspace.graph.catalog, watched)
    engine.prepare()
    seconds.clear()
    start = time.perf_counter()
    ingest(engine, [Request("transactions", Path(file))])
    everything = time.perf_counter() - start
    shutil.rmtree(home)
    slowest = sorted(seconds, key=lambda name: -seconds[name])[:8]
    kept = {name: seconds[name] for name in slowest}
    kept["other statements"] = sum(seconds.values()) - sum(kept.values())
    kept["copy, hash and the rest outside of the engine"] = everything - sum(seconds.values())
    return {"ltv-platform": kept}


class _Watched:
    """A connection that adds up what its statements take, by what they write."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, seconds: dict[str, float]) -> None:
        self._connection = connection
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        if name not in ("execute", "sql"):
            return attribute
        return self._timed(attribute)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(sql: str, *arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = function(sql, *arguments, **named)
            label = _label(sql)
            self._seconds[label] = self._seconds.get(label, 0.0) + time.perf_counter() - start
            return result

        return call


def _label(sql: str) -> str:
    """A statement by its verb and the table that it writes, as in ``INSERT raw.loads``."""
    words = " ".join(sql.split())
    target = re.match(
        r"(CREATE|INSERT|DELETE|UPDATE|ALTER|DROP)\b.*?\b(?:TABLE|INTO|FROM|UPDATE)\s+"
        r'(?:IF (?:NOT )?EXISTS )?([\w."]+)',
        words,
    )
    if target is None:
        return words.partition(" ")[0]
    return f"{target[1]} {re.sub(r'[0-9]+', 'N', target[2])}"
