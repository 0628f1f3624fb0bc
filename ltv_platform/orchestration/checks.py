"""Checks that look at several tables, as Dagster asset checks, and what a run's checks tell."""

from dataclasses import dataclass

import dagster as dg

from ltv_platform.checks import TableCheck, table_checks
from ltv_platform.errors import UserError
from ltv_platform.orchestration.assets import POOL, asset_key, check_result
from ltv_platform.warehouse.duckdb_engine import DuckDBEngine

#: Metadata of a check: what the user must mend, and how.
ERROR, HINT = "error", "hint"


def asset_checks(engine: DuckDBEngine) -> list[dg.AssetChecksDefinition]:
    """One asset check per table check; blocking ones hold back what is downstream."""
    return [_asset_check(engine, check) for check in table_checks(engine.settings)]


@dataclass(frozen=True)
class Told:
    """What a check that holds nothing back has to say.

    Attributes:
        text: What is amiss; empty where the check holds.
        error: What the user must mend, such as a wrong key.
    """

    text: str
    error: UserError | None


def told(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], Told]:
    """What the checks of a run say that hold nothing back, by table and name of the check."""
    return {
        (".".join(check.asset_key.path), check.check_name): _told(check)
        for check in result.get_asset_check_evaluations()
        if not check.blocking
    }


def _told(check: dg.AssetCheckEvaluation) -> Told:
    error, hint = (check.metadata.get(name) for name in (ERROR, HINT))
    return Told(
        "" if check.passed else check.description or "",
        UserError(str(error.value), str(hint.value)) if error and hint else None,
    )


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
