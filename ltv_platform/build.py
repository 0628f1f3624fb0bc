"""Building tables without an orchestrator: what one asset does, as a plain function.

Dagster's IO manager and tests share it; which days to build comes from the caller.
"""

from collections.abc import Iterable
from datetime import date

from ltv_platform.transforms import Transform
from ltv_platform.warehouse.engine import Engine, Writer
from ltv_platform.warehouse.planner import spans


def build_table(
    engine: Engine, transform: Transform, days: Iterable[date] | None
) -> list[tuple[date | None, date | None, int]]:
    """Write a table, or the given days of a partitioned one.

    Returns:
        What was written: (first day, last day, rows) per statement.
    """
    as_of = engine.as_of()
    writer = Writer(transform.name, transform.code_hash, as_of)
    contract, fit = transform.contract, transform.derivation.fit
    if fit is not None:
        # Held, so that nothing comes in between what is read and what is written.
        with engine.hold():
            select = transform.select(as_of)
            rows = fit(engine.fetch(select.sql, select.parameters))
            return [(None, None, engine.replace(contract, rows, writer))]
    if contract.partition is None:
        return [(None, None, engine.replace(contract, transform.select(as_of), writer))]
    return [
        (
            start,
            end,
            engine.replace_range(contract, transform.select(as_of, start, end), start, end, writer),
        )
        for start, end in spans(days or ())
    ]
