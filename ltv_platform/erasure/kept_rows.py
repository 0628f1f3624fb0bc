"""A person's rows in quarantine, which contain the original records."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ltv_platform.contracts import SourceTable
from ltv_platform.erasure.finding import Finder
from ltv_platform.errors import UserError
from ltv_platform.ingestion.adapters.adapter import Adapter
from ltv_platform.ingestion.adapters.files import load_adapter
from ltv_platform.ingestion.rows.staging import MALFORMED
from ltv_platform.ingestion.suppression.keys import Suppressed, names
from ltv_platform.ingestion.suppression.texts import trimmed, what_stays
from ltv_platform.settings import Settings
from ltv_platform.warehouse.engine import Reader, Rows, Transaction


@dataclass
class Kept:
    """Rows of quarantine, by rowid.

    Attributes:
        gone: Rows to delete.
        changed: New texts of rows to keep in part.
        keys: Keys of the records, by source table.
    """

    gone: set[int] = field(default_factory=set)
    changed: dict[int, str] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.gone) + len(self.changed)

    def remove(self, transaction: Transaction) -> None:
        """Take them out; nothing was written meanwhile."""
        for rowid, text in self.changed.items():
            transaction.execute(
                "UPDATE raw.quarantine SET raw = $text WHERE rowid = $rowid",
                {"text": text, "rowid": rowid},
            )
        transaction.execute(
            "DELETE FROM raw.quarantine WHERE rowid IN (SELECT UNNEST(CAST($gone AS BIGINT[])))",
            {"gone": sorted(self.gone)},
        )


def find_kept(
    reader: Reader,
    finder: Finder,
    suppressed: Suppressed,
    persons: frozenset[str],
) -> Kept:
    """Find the rows of quarantine that belong to persons on the list.

    Args:
        reader: The warehouse.
        finder: Finds the records of persons.
        suppressed: The list.
        persons: Ids of the persons to search for.
    """
    kept = Kept()
    for source, adapter_name, rows in _rows(reader, reader.catalog.sources):
        _find_malformed(kept, source, rows, suppressed)
        records = {rowid: json.loads(raw) for rowid, malformed, _, raw in rows if not malformed}
        if not records:
            continue
        names_of_ours = {column.name for column in source.columns}
        adapter = _adapter(adapter_name, source, finder.settings)
        # If an adapter cannot be applied to single records, quarantine has its output.
        if adapter_name is not None and (adapter is None or not adapter.replayable):
            adapter = None
            others = {p: r for p, r in records.items() if not names_of_ours.issuperset(r)}
            kept.gone.update(p for p, r in others.items() if _has_value(r, persons))
            records = {p: r for p, r in records.items() if p not in others}
        try:
            found = finder.find_in_quarantine(records, source, adapter, suppressed)
        except UserError:  # records do not identify persons, but one with the id is theirs
            kept.gone.update(p for p, r in records.items() if _has_value(r, persons))
            continue
        kept.gone.update(found)
        kept.keys.setdefault(source.name, set()).update(k for k in found.values() if k is not None)
    return kept


#: A row of quarantine: rowid, whether it is malformed, first reason, text.
_Row = tuple[int, bool, str, str]


def _rows(
    warehouse: Rows, sources: Mapping[str, SourceTable]
) -> Iterator[tuple[SourceTable, str | None, list[_Row]]]:
    """Rows of quarantine that may be personal, by table and adapter."""
    rows = warehouse.rows(
        f"SELECT table_name, adapter, rowid, {MALFORMED}, reasons[1], raw FROM raw.quarantine "
        "WHERE raw IS NOT NULL ORDER BY table_name, adapter NULLS FIRST, rowid"
    )
    for (table, adapter), of_both in groupby(rows, lambda row: (row[0], row[1])):
        if table in sources and sources[table].is_personal:
            yield sources[table], adapter, [row[2:] for row in of_both]


def _find_malformed(
    kept: Kept, source: SourceTable, rows: list[_Row], suppressed: Suppressed
) -> None:
    for rowid, malformed, reason, raw in rows:
        if not malformed:
            continue
        stays = what_stays(raw, reason, lambda text: names(suppressed, source, text, None))
        if stays is None:
            kept.gone.add(rowid)
        elif stays != raw:
            kept.changed[rowid] = stays


def _adapter(name: str | None, source: SourceTable, settings: Settings) -> Adapter | None:
    if name is None:
        return None
    try:
        return load_adapter(name, source.name, settings.adapter_options)
    except UserError:  # it is missing, or was rewritten for another table
        return None


def _has_value(record: Mapping[str, Any], persons: frozenset[str]) -> bool:
    return any(trimmed(value) in persons for value in record.values())
