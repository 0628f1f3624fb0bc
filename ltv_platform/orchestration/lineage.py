"""Column lineage in Dagster's format, for an asset's definition or its materialization."""

import dagster as dg

from ltv_platform.lineage.model import TableLineage
from ltv_platform.lineage.store import lineage_of, stored_lineage
from ltv_platform.tables.transforms import Transform

COLUMN_LINEAGE = "dagster/column_lineage"


def kept_metadata(transform: Transform) -> dict[str, dg.TableColumnLineage]:
    """Metadata of an asset's definition: its column lineage, if stored; nothing is parsed."""
    lineage = stored_lineage(transform)
    return {} if lineage is None else {COLUMN_LINEAGE: column_lineage(lineage)}


def found_metadata(transform: Transform) -> dict[str, dg.TableColumnLineage]:
    """Metadata of a materialization if the definition has none: computed now, and stored."""
    return {COLUMN_LINEAGE: column_lineage(lineage_of(transform))}


def column_lineage(lineage: TableLineage) -> dg.TableColumnLineage:
    """The source columns of each column, without constants."""
    return dg.TableColumnLineage(
        {
            name: [
                dg.TableColumnDep(dg.AssetKey(source.table.split(".")), source.column)
                for source in sources
            ]
            for name, sources in lineage.upstream.items()
            if sources
        }
    )
