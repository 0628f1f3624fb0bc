"""Asset specs of the tables: key, description, columns, partitions, inputs, checks."""

import dagster as dg

from ltv_platform import checks
from ltv_platform.contracts import Column, SourceTable, Table
from ltv_platform.lineage.model import TableLineage
from ltv_platform.lineage.store import stored_lineage
from ltv_platform.orchestration.descriptions import asset_description, column_description
from ltv_platform.orchestration.lineage import kept_metadata
from ltv_platform.refresh.build import checks_of
from ltv_platform.tables.transforms import Transform
from ltv_platform.warehouse.engine import Engine

OWNERS = ["team:growth-data"]
#: Of the steps that write the warehouse.
POOL = "warehouse"
#: Name of the IO manager for users' own assets.
IO_MANAGER = "warehouse_io_manager"

#: Beginning of the description of a blocking check.
BLOCKS = "Blocks publishing while it fails. "


def asset_key(table: str) -> dg.AssetKey:
    """``marts.campaign_ltv`` is the asset ``marts/campaign_ltv``."""
    return dg.AssetKey(table.split("."))


def table_name(key: dg.AssetKey) -> str:
    """``marts/campaign_ltv`` is the table ``marts.campaign_ltv``."""
    return ".".join(key.path)


def source_spec(engine: Engine, source: SourceTable) -> dg.AssetSpec:
    """A source: its raw log; materializing it loads the waiting files."""
    table = source.log
    return dg.AssetSpec(
        asset_key(table.full_name),
        group_name="sources",
        description=(
            f"{source.description}\n\nThe log keeps every accepted version of every row. "
            f"Materializing it loads the files in `landing/{source.name}/` and "
            f"`landing/{source.name}@<adapter>/`."
        ),
        kinds={engine.settings.engine, "file"},
        owners=OWNERS,
        metadata={"dagster/column_schema": column_schema(table, table.columns)},
        skippable=True,
    ).with_io_manager_key(IO_MANAGER)


def source_check(source: SourceTable) -> dg.AssetCheckSpec:
    """The check that runs after every load."""
    return dg.AssetCheckSpec(
        "rejected_share",
        asset=asset_key(source.log.full_name),
        description="Few rows are in quarantine.",
    )


def table_spec(
    engine: Engine, transform: Transform, partitions: dg.PartitionsDefinition
) -> dg.AssetSpec:
    """A derived table."""
    contract = transform.contract
    return dg.AssetSpec(
        asset_key(transform.name),
        # No partition mapping: Dagster accepts one per step and input, and applies it to runs
        # without days as well. The wiring and the description say which days a table reads.
        deps=[asset_key(table) for table in transform.made_before],
        partitions_def=partitions if contract.partition is not None else None,
        group_name=transform.derivation.group,
        description=asset_description(transform),
        kinds={engine.settings.engine, "sql"},
        owners=OWNERS,
        metadata={
            "dagster/column_schema": column_schema(
                contract, contract.published, stored_lineage(transform)
            ),
            "dagster/table_name": transform.name,
            **kept_metadata(transform),
        },
        code_version=transform.code_hash,
        skippable=True,
    ).with_io_manager_key(IO_MANAGER)


def table_checks(engine: Engine, transform: Transform) -> list[dg.AssetCheckSpec]:
    """The checks of a table: its key, and its consistency with other tables.

    For Dagster none of them is blocking: it would stop all tables of later steps. Our own steps
    block only publishing and the tables that read this one.
    """
    key = asset_key(transform.name)
    return [
        dg.AssetCheckSpec(
            "unique_key",
            asset=key,
            description=f"{BLOCKS}One row per {', '.join(transform.contract.key)}.",
        ),
        *(_check_spec(check) for check in checks_of(engine, transform.name)),
    ]


def _check_spec(check: checks.TableCheck) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        check.name,
        asset=asset_key(check.table),
        description=(BLOCKS if check.blocking else "") + check.description,
        additional_deps=[asset_key(table) for table in check.reads],
    )


def column_schema(
    table: Table, columns: tuple[Column, ...], lineage: TableLineage | None = None
) -> dg.TableSchema:
    """Dagster's column schema of a contract: personal data is tagged, lineage added if known."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column_description(column, lineage),
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=table.key == (column.name,)
                ),
                tags={"pii": ""} if column.pii else {},
            )
            for column in columns
        ]
    )
