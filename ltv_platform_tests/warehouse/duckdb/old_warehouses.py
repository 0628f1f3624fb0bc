"""Warehouses of earlier schema versions, as SQL scripts that people can read.

A script is made once, by the release whose warehouse it is, from :data:`FILES`::

    python -m ltv_platform_tests.warehouse.duckdb.old_warehouses > …/version_<n>.sql
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from ltv_platform_tests.testing.home import Home

#: Four days, so that the scripts stay short.
SETTINGS: dict[str, Any] = {
    "start_date": "2026-01-01",
    "now": "2026-01-04T12:00:00+00:00",
    "horizons": (1, 7),
}

#: What is loaded, in this order: every table, two versions of a row, and rows for quarantine.
FILES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "customers",
        (
            "a,2026-01-01 10:00:00,US,ads,c1",
            "b,2026-01-02 10:00:00,DE,,",
            "x,2026-13-01 10:00:00,DE,,",
        ),
    ),
    (
        "transactions",
        (
            "t1,a,2026-01-01 11:00:00,5,0",
            "t2,b,2026-01-03 11:00:00,3.5,0",
            "t3,b,2026-01-03 12:00:00,0.5,1",
        ),
    ),
    ("transactions", ("t1,a,2026-01-01 11:00:00,6,0", "t9,a,2026-01-02 11:00:00,much,0")),
    ("customer_interactions", ("i1,a,2026-01-03 11:00:00,login",)),
    (
        "session_sources",
        ("s1,a,Search,2026-01-01,09:00:00,1,0", "s2,a,Direct,2026-01-02,09:00:00,1,1"),
    ),
    ("session_costs", ("s1,0.25",)),
    ("conversions", ("o1,a,2026-01-02,10:00:00,6",)),
    ("campaign_costs", ("c1,2026-01-01,US,2",)),
    ("campaigns", ("c1,Search US",)),
    ("fx_rates", ("2026-01-01,EUR,1.1",)),
)

_SCRIPTS = Path(__file__).parent / "scripts"


def loaded(folder: Path) -> Home:
    """A home with the files loaded by the code at hand; nothing is built."""
    home = Home(folder, **SETTINGS)
    for table, rows in FILES:
        home.load(table, *rows)
    return home


def warehouse_of_version(version: int, path: Path) -> None:
    """Create the warehouse of an earlier schema version from its script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute((_SCRIPTS / f"version_{version}.sql").read_text("utf-8"))


def script_of(path: Path) -> str:
    """The SQL that makes a warehouse with the same tables and rows, in the same order."""
    lines = []
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT schema_name, table_name, sql FROM duckdb_tables() WHERE NOT internal "
            "ORDER BY schema_name = 'raw' DESC, schema_name, table_name"
        ).fetchall()
        lines += [f"CREATE SCHEMA {name};" for name in dict.fromkeys(row[0] for row in tables)]
        for schema, table, sql in tables:
            lines.append(sql.replace("CREATE TABLE ", "\nCREATE TABLE ", 1))
            columns = connection.table(f"{schema}.{table}").columns
            # As SQL literals, by the engine's own text of each value.
            texts = (f"replace(CAST(\"{name}\" AS VARCHAR), '''', '''''')" for name in columns)
            values = " || ', ' || ".join(
                f"COALESCE('''' || {text} || '''', 'NULL')" for text in texts
            )
            rows = connection.execute(
                f"SELECT '(' || {values} || ')' FROM {schema}.{table} ORDER BY rowid"
            ).fetchall()
            if rows:
                inserted = ",\n".join(row for (row,) in rows)
                lines.append(f"INSERT INTO {schema}.{table} VALUES\n{inserted};")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        home = loaded(Path(folder) / "home")
        home.publish()
        sys.stdout.write(script_of(home.settings.warehouse_path))
