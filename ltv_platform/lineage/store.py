"""Caches lineage, so that neither definitions nor commands wait for a parser.

``lineage.json`` next to this file holds the lineage of all tables under default settings; ``make
docs`` writes it. What other settings change (other horizons, another zone) is computed on first
use and cached in the home. Both are keyed by a fingerprint of everything that lineage depends on,
so that a cached lineage always matches the SQL.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from ltv_platform.assets import derivations
from ltv_platform.contracts import Catalog, Table, build_catalog
from ltv_platform.lineage.model import TableLineage
from ltv_platform.result_cache import ResultCache, cache_of, key_of
from ltv_platform.settings import Settings
from ltv_platform.tables.transforms import Transform

#: The file for default settings, as `make docs` writes it.
SHIPPED = "lineage.json"

#: The code that computes lineage: if it changes, entries cached in a home no longer apply.
_TRACER = ("model.py", "tables.py", "tracing.py")


def stored_lineage(transform: Transform) -> TableLineage | None:
    """The cached lineage of a table, if any; nothing is parsed."""
    digest = fingerprint(transform)
    if (shipped := _shipped_lineage(transform.name, digest)) is not None:
        return shipped
    kept = _cache(transform).known(_key(digest))
    return None if kept is None else TableLineage.from_json(json.loads(kept))


def lineage_of(transform: Transform) -> TableLineage:
    """The lineage of a table: cached, or computed now and then cached."""
    lineage = stored_lineage(transform)
    if lineage is None:
        from ltv_platform.lineage.tables import trace_table  # noqa: PLC0415 - loads the parser

        lineage = trace_table(transform)
        text = json.dumps(lineage.as_json())
        _cache(transform).once(_key(fingerprint(transform)), lambda: text)
    return lineage


class Lineages:
    """Lineage of all derived tables under given settings, looked up on demand.

    Args:
        settings: The settings.
    """

    def __init__(self, settings: Settings) -> None:
        self.catalog: Catalog = build_catalog(settings)
        self._transforms = {
            derivation.table: Transform(
                derivation, self.catalog[derivation.table], settings, self.catalog
            )
            for derivation in derivations(settings)
        }
        self._found: dict[str, TableLineage] = {}

    def __contains__(self, table: str) -> bool:
        return table in self._transforms

    def __iter__(self) -> Iterator[str]:
        """Full names of the derived tables, in order of the wiring."""
        return iter(self._transforms)

    def __getitem__(self, table: str) -> TableLineage:
        """The lineage of a derived table by full name; KeyError: there is no such table."""
        if table not in self._found:
            self._found[table] = lineage_of(self._transforms[table])
        return self._found[table]


def fingerprint(transform: Transform) -> str:
    """Changes with everything that a table's lineage depends on."""
    texts = (transform.sql, *transform.presentations.values())
    read = [
        _shape(table) for table in transform.catalog if any(table.full_name in t for t in texts)
    ]
    parts = (texts, read, _shape(transform.contract), transform.derivation.fit is not None)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def shipped_text(found: Iterable[tuple[Transform, TableLineage]]) -> str:
    """The text of the shipped file: JSON with one line per column, so that diffs are readable."""
    tables = []
    for transform, lineage in sorted(found, key=lambda pair: pair[1].table):
        facts = []
        for name, value in {"fingerprint": fingerprint(transform), **lineage.as_json()}.items():
            text = json.dumps(value)
            if isinstance(value, dict) and value:
                lines = (f"   {json.dumps(key)}: {json.dumps(of)}" for key, of in value.items())
                text = "{\n" + ",\n".join(lines) + "\n  }"
            facts.append(f"  {json.dumps(name)}: {text}")
        tables.append(f" {json.dumps(lineage.table)}: {{\n" + ",\n".join(facts) + "\n }")
    return "{\n" + ",\n".join(tables) + "\n}\n"


def _shape(table: Table) -> tuple[object, ...]:
    stored, published = (
        tuple(column.name for column in columns) for columns in (table.columns, table.published)
    )
    return table.full_name, table.key, stored, published


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    path = files("ltv_platform.lineage") / SHIPPED
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


@cache
def _shipped_lineage(table: str, digest: str) -> TableLineage | None:
    shipped = _shipped().get(table, {})
    return TableLineage.from_json(shipped) if shipped.get("fingerprint") == digest else None


@lru_cache(maxsize=1)
def _tracer_hash() -> str:
    folder = files("ltv_platform.lineage")
    code = "".join((folder / name).read_text("utf-8") for name in _TRACER)
    return hashlib.sha256(code.encode()).hexdigest()[:8]


def _key(digest: str) -> str:
    return key_of("lineage", digest, _tracer_hash())


def _cache(transform: Transform) -> ResultCache:
    return cache_of(transform.settings.home)
