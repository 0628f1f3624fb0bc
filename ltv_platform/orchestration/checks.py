"""Checks that look at several tables, as Dagster asset checks."""

import dagster as dg

from ltv_platform.checks import TableCheck, table_checks
from ltv_platform.orchestration.assets import POOL, asset_key, check_result
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine


def asset_checks(engine: DuckDBEngine) -> list[dg.AssetChecksDefinition]:
    """One asset check per table check; blocking ones hold back what is downstream."""
    return [_asset_check(engine, check) for check in table_checks(engine.settings)]


def _asset_check(engine: DuckDBEngine, check: TableCheck) -> dg.AssetChecksDefinition:
    key = asset_key(check.table)
    severity = dg.AssetCheckSeverity.ERROR if check.blocking else dg.AssetCheckSeverity.WARN

    @dg.asset_check(
        asset=key,
        name=check.name,
        description=check.description,
        additional_deps=[asset_key(table) for table in check.reads],
        blocking=check.blocking,
        pool=POOL,
    )
    def run() -> dg.AssetCheckResult:
        with engine.hold():
            outcome = check.run(engine)
            if check.blocking and not outcome.passed:
                # Else the next refresh would find the table fresh, skip its checks and publish.
                engine.forget(check.table)
        return check_result(outcome, key, check.name, severity)

    return run
