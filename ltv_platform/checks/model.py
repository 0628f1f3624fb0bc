"""What a check is, and the comparisons that several of them make."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ltv_platform.contracts.ddl import quoted
from ltv_platform.published.snapshot import ASSET as SNAPSHOT
from ltv_platform.warehouse.engine import Reader
from ltv_platform.warehouse.planner import spans


@dataclass(frozen=True)
class CheckOutcome:
    """Whether a check holds, and the figures that it compared."""

    passed: bool
    figures: Mapping[str, float | str]
    description: str = ""


@dataclass(frozen=True)
class TableCheck:
    """A check of a table that looks at other tables too.

    Attributes:
        table: Full name of the table that it is shown on.
        name: Its name.
        description: What must hold.
        reads: Other tables that it reads.
        blocking: Nothing downstream is built, and nothing published, while it fails.
        run: Evaluates it.
    """

    table: str
    name: str
    description: str
    run: Callable[[Reader], CheckOutcome]
    reads: tuple[str, ...] = ()
    blocking: bool = False


def within(column: str, days: Iterable[date]) -> tuple[str, dict[str, date]]:
    """SQL that holds for the spans in which days are written, and its parameters."""
    conditions, bounds = ["FALSE"], dict[str, date]()
    for place, (start, end) in enumerate(spans(days)):
        names = f"start_{place}", f"end_{place}"
        conditions.append(f"{quoted(column)} BETWEEN ${names[0]} AND ${names[1]}")
        bounds.update(zip(names, (start, end), strict=True))
    return " OR ".join(conditions), bounds


def days_to_publish(engine: Reader, *tables: str) -> dict[str, date | None]:
    """First and last day of some tables written since the last snapshot; None: no day was."""
    [(first, last)] = engine.rows(
        "SELECT MIN(day), MAX(day) FROM raw.built WHERE asset IN $tables AND seq > "
        "(SELECT COALESCE(MAX(seq), 0) FROM raw.built WHERE asset = $snapshot)",
        {"tables": list(tables), "snapshot": SNAPSHOT},
    )
    return {"first": first, "last": last}


def equal(
    engine: Reader, sums: Mapping[str, str], parameters: Mapping[str, Any] | None = None
) -> CheckOutcome:
    """Whether sums are all the same; NULL is 0."""
    values: dict[str, Any] = {
        name: engine.rows(sql, parameters)[0][0] or Decimal(0) for name, sql in sums.items()
    }
    passed = len(set(values.values())) == 1
    text = " ≠ ".join(f"{name} {value}" for name, value in values.items())
    hint = "; rebuild what is stale with `ltv run`"
    return CheckOutcome(
        passed, {name: str(value) for name, value in values.items()}, "" if passed else text + hint
    )


def all_of(outcomes: list[CheckOutcome]) -> CheckOutcome:
    """Several outcomes as one, which holds when all of them do."""
    figures: dict[str, float | str] = {}
    for outcome in outcomes:
        figures.update(outcome.figures)
    return CheckOutcome(
        all(outcome.passed for outcome in outcomes),
        figures,
        "; ".join(outcome.description for outcome in outcomes if not outcome.passed),
    )
