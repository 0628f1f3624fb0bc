"""What a check is, how its SQL is asked, and the comparisons that several of them make."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ltv_platform.contracts.ddl import quoted
from ltv_platform.published.snapshot import ASSET as SNAPSHOT
from ltv_platform.tables.rendering import render
from ltv_platform.warehouse.engine import Reader
from ltv_platform.warehouse.planner import spans


@dataclass(frozen=True)
class CheckOutcome:
    """Whether a check passed, and the figures that it compared."""

    passed: bool
    figures: Mapping[str, float | str]
    description: str = ""


@dataclass(frozen=True)
class TableCheck:
    """A check of a table that may read other tables.

    Attributes:
        table: Full name of the table that shows it.
        name: Its name.
        description: What must hold.
        reads: Other tables that it reads.
        blocking: While it fails, nothing downstream is built, and nothing is published.
        run: Runs it.
    """

    table: str
    name: str
    description: str
    run: Callable[[Reader], CheckOutcome]
    reads: tuple[str, ...] = ()
    blocking: bool = False


def ask(
    engine: Reader,
    check: str,
    parameters: Mapping[str, Any] | None = None,
    **arguments: object,
) -> list[tuple[Any, ...]]:
    """The rows that the SQL of a check gives.

    Args:
        engine: The warehouse.
        check: Its path in the folder ``sql/checks/``, as in ``core/every_row_has_a_rate``.
        parameters: The values of its ``$parameters``.
        arguments: Values for its template besides the settings.
    """
    return engine.rows(render(f"checks/{check}.sql", engine.settings, **arguments), parameters)


def within(column: str, days: Iterable[date]) -> tuple[str, dict[str, date]]:
    """A SQL condition for the written ranges of days, and its parameters."""
    conditions, bounds = ["FALSE"], dict[str, date]()
    for number, (start, end) in enumerate(spans(days)):
        names = f"start_{number}", f"end_{number}"
        conditions.append(f"{quoted(column)} BETWEEN ${names[0]} AND ${names[1]}")
        bounds.update(zip(names, (start, end), strict=True))
    return " OR ".join(conditions), bounds


def days_to_publish(engine: Reader, *tables: str) -> dict[str, date | None]:
    """First and last day written since the last snapshot in some tables; None: no day."""
    [(first, last)] = ask(
        engine, "tables/days_to_publish", {"tables": list(tables), "snapshot": SNAPSHOT}
    )
    return {"first": first, "last": last}


def equal(
    engine: Reader, sums: Mapping[str, str], parameters: Mapping[str, Any] | None = None
) -> CheckOutcome:
    """Whether statements of one value all return the same; NULL is 0."""
    return same({name: engine.rows(sql, parameters)[0][0] for name, sql in sums.items()})


def same(sums: Mapping[str, Any]) -> CheckOutcome:
    """Whether all sums are equal; None is 0."""
    values = {name: value or Decimal(0) for name, value in sums.items()}
    passed = len(set(values.values())) == 1
    text = " ≠ ".join(f"{name} {value}" for name, value in values.items())
    hint = "; rebuild stale tables with `ltv run`"
    return CheckOutcome(
        passed, {name: str(value) for name, value in values.items()}, "" if passed else text + hint
    )


def all_of(outcomes: list[CheckOutcome]) -> CheckOutcome:
    """Several outcomes as one, which passes if all of them do."""
    figures: dict[str, float | str] = {}
    for outcome in outcomes:
        figures.update(outcome.figures)
    return CheckOutcome(
        all(outcome.passed for outcome in outcomes),
        figures,
        "; ".join(outcome.description for outcome in outcomes if not outcome.passed),
    )
