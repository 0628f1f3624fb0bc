"""A published home to which something happens, and what must be equal afterwards.

The home is loaded, built and published once; each case works on a copy of it. Equality is of
all published tables, read from their Parquet files, with two rebuilds: of the same raw log, and
of a fresh home that loads every file in one call. The fresh home has the tables that read
the log, and those of campaigns: all others read nothing but these.
"""

import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ltv_platform.ingestion.load import Request, ingest
from ltv_platform.published import parts
from ltv_platform.published.current import current_snapshot
from ltv_platform.settings import Settings
from ltv_platform_tests.testing.home import CAMPAIGNS, HEADERS, Home

SETTINGS: Mapping[str, Any] = {"horizons": (1, 7)}

CORRECTED = {
    "customers": HEADERS["customers"] + ",updated_at",
    "transactions": HEADERS["transactions"] + ",currency,updated_at",
    "campaign_costs": HEADERS["campaign_costs"] + ",currency",
}

#: Two campaigns in January 2025; EUR has a rate, CHF has none, customer e is not known yet.
FIRST_STATE = {
    "customers": (
        "a,2025-01-02 10:00:00,US,ads,c1,",
        "b,2025-01-03 23:30:00,DE,ads,c1,",
        "c,2025-01-05 08:00:00,US,organic,,",
        "d,2025-01-08 12:00:00,,ads,c2,",
        "x,yesterday,US,ads,c1,",
    ),
    "transactions": (
        "t1,a,2025-01-02 11:00:00,10,0,,",
        "t2,a,2025-01-06 11:00:00,5,0,EUR,",
        "t3,b,2025-01-09 12:00:00,8,0,,",
        "t4,b,2025-01-12 12:00:00,2,1,,",
        "t5,c,2025-01-05 09:00:00,20,0,,",
        "t6,d,2025-01-09 09:00:00,7,0,CHF,",
        "t7,e,2025-01-10 09:00:00,9,0,,",
        "t8,a,2025-01-20 22:30:00,4,0,,",
    ),
    "customer_interactions": ("i1,a,2025-01-03 12:00:00,login", "i2,b,2025-01-11 01:00:00,login"),
    "session_sources": (
        "s1,a,ads,2025-01-09,22:30:00,1,0",
        "s2,d,mail,2025-01-15,10:00:00,0,1",
    ),
    "session_costs": ("s1,0.5",),
    "conversions": ("v1,a,2025-01-03,23:45:00,10", "v2,d,2025-01-09,09:00:00,7"),
    "campaign_costs": (
        "c1,2025-01-02,US,4,",
        "c1,2025-01-03,,6,EUR",
        "c2,2025-01-08,GB,3,",
        "c2,2025-01-08,,1,CHF",
        "c1,2025-01-20,US,1,",
    ),
    "campaigns": ("c1,Spring",),
    "fx_rates": ("2025-01-03,EUR,1.1",),
}

Rows = list[tuple[Any, ...]]


@contextmanager
def _many_parts() -> Iterator[None]:
    """Every table is published in parts, as the large ones are: what is linked must be right."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_SMALL", 0)
        patch.setattr(parts, "_LARGE", 0)
        yield


@cache
def _first_home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ltv_first_home_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = Home(folder, **SETTINGS)
    for table, rows in FIRST_STATE.items():
        home.load(table, *rows, header=CORRECTED.get(table))
    with _many_parts():
        home.publish()
    return folder


class Restated:
    """A published home of the first state.

    Args:
        folder: Where its copy and the rebuilt homes lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(_first_home(), folder / "home")
        self.home = Home(folder / "home", **SETTINGS)

    def under(self, **settings: Any) -> None:
        """Continue with other settings."""
        self.home = self.home.under(**settings)

    def publish(self) -> None:
        """Run and publish before anything else happens."""
        with _many_parts():
            self.home.publish()

    def load(self, table: str, *rows: str) -> None:
        """Something arrives."""
        self.home.load(table, *rows, header=CORRECTED.get(table))

    def seen(
        self, what: str, figure: str, *, figures_only: bool = False, backwards: bool = False
    ) -> str:
        """Run and publish, and return the result.

        Args:
            what: Words for the figure.
            figure: SQL on the published tables; the figure that must have changed.
            figures_only: Quarantine and loads differ from a fresh home by what a setting let
                in at its time; only the derived tables must be equal.
            backwards: The fresh home loads the newest file first.
        """
        before = self.figure(figure)
        with self.home.engine.hold(), _many_parts():
            plan = self.home.refresh()
            self.home.publish()
        compared = self.equal_to_rebuilds(figures_only=figures_only, backwards=backwards)
        some = len(plan.assets) < len(self.home.graph.transforms)
        rewritten = f"{'some tables' if some else 'every table'} rewritten"
        return f"{what} {before} → {self.figure(figure)}; {rewritten}, {compared}"

    def equal_to_rebuilds(self, *, figures_only: bool = False, backwards: bool = False) -> str:
        """Compare what is published with two rebuilds, and say what differs."""
        published = published_tables(self.home.settings, figures_only=figures_only)
        fresh = Home(self.folder / "fresh", groups=CAMPAIGNS, **self._settings())
        outcomes = ingest(fresh.engine, self._files()[:: -1 if backwards else 1])
        assert not [outcome.error for outcome in outcomes if outcome.error]
        fresh.publish()
        # The same log: nothing is known as built, and nothing is there to be linked.
        shutil.rmtree(self.home.settings.published_path)
        with self.home.engine.hold():
            for transform in self.home.graph.transforms:
                self.home.engine.forget(transform.name)
            self.home.publish()
        for name, rebuilt in {"all": self.home, "fresh": fresh}.items():
            expected = published_tables(rebuilt.settings, figures_only=figures_only)
            if rebuilt is fresh:
                expected.pop("built", None)  # of fewer tables
                assert expected.keys() < published.keys()
            else:
                assert expected.keys() == published.keys()
            differ = [table for table in expected if published[table] != expected[table]]
            if differ:
                return f"{', '.join(differ)} differ from a rebuild ({name})"
        return "all equal to both rebuilds"

    def _settings(self) -> dict[str, Any]:
        return self.home.settings.model_dump(exclude={"home"}, exclude_unset=True)

    def _files(self) -> list[Request]:
        """Everything that arrived, in its order."""
        paths = sorted(
            (self.home.settings.home / "incoming").iterdir(),
            key=lambda path: int(path.stem.rpartition("_")[2]),
        )
        return [Request(path.stem.rpartition("_")[0], path) for path in paths]

    def figure(self, sql: str) -> str:
        """The rows of a query on the published tables, on one line."""
        values = self.home.values(sql)
        return ", ".join(
            " ".join(_text(part) for part in (value if isinstance(value, tuple) else (value,)))
            for value in values
        )


def _text(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def published_tables(
    settings: Settings, *, figures_only: bool = False
) -> dict[str, tuple[list[str], Rows]]:
    """Columns with their types, and all rows, of every published table.

    What says when something was loaded, rejected or written is left out; the rows that a
    replay let in count as rows of their file.
    """
    current = current_snapshot(settings)
    assert current is not None
    selects = {
        name: "SELECT * FROM read_parquet($files)"
        for name, table in current.manifest["tables"].items()
        if table["layer"] != "operations"
    }
    if not figures_only:
        selects["quarantine"] = (
            "SELECT table_name, source_file, line, reasons, raw, adapter "
            "FROM read_parquet($files) WHERE replayed_at IS NULL"
        )
        selects["loads"] = (
            "SELECT table_name, source_file, adapter, MAX(rows_in_file), SUM(rows_skipped), "
            "SUM(rows_accepted), SUM(rows_repeated) FROM read_parquet($files) GROUP BY ALL"
        )
        selects["built"] = (
            "SELECT DISTINCT asset, code_hash FROM read_parquet($files) "
            "WHERE asset LIKE 'core.%' OR asset LIKE 'marts.%'"
        )
    tables = {}
    with duckdb.connect() as connection:
        for name, select in selects.items():
            found = connection.sql(f"{select} ORDER BY ALL", params={"files": current.files(name)})
            columns = [
                f"{column} {kind}" for column, kind in zip(found.columns, found.types, strict=True)
            ]
            tables[name] = (columns, found.fetchall())
    return tables
